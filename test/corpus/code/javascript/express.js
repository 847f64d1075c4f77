const express = require('express');
const { exec, execFile, spawn } = require('child_process');
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const axios = require('axios');
const escapeHtml = require('escape-html');
const jwt = require('jsonwebtoken');
const mysql = require('mysql2');
const { Pool } = require('pg');
const _ = require('lodash');

const app = express();
const db = mysql.createConnection({ host: 'db' });
const pool = new Pool();
app.use(express.json());

function where(name) {
  return `name = '${name}'`;
}

const number = (text) => parseInt(text, 10);

app.get('/users', (req, res) => {
  const { name, sort } = req.query;
  db.query("SELECT * FROM users WHERE name = '" + name + "'", (error, rows) => res.json(rows));
  db.query('SELECT * FROM users WHERE name = ?', [name], (error, rows) => res.json(rows));
  db.query('SELECT * FROM users WHERE ' + where(name));
  db.query('SELECT * FROM users WHERE id = ' + number(req.query.id));
  db.query('SELECT * FROM users WHERE id = ' + Number(req.query.id));
  db.query('SELECT * FROM users WHERE name = ' + mysql.escape(name));
  const column = sort === 'age' ? 'age' : 'name';
  db.query(`SELECT * FROM users ORDER BY ${column}`);
  db.query(`SELECT * FROM users ORDER BY ${sort}`);
});

app.post('/users', async (req, res) => {
  const client = await pool.connect();
  await client.query(`INSERT INTO users VALUES ('${req.body.name}')`);
  await client.query('INSERT INTO users VALUES ($1)', [req.body.name]);
  await client.query({ text: 'INSERT INTO users VALUES ($1)', values: [req.body.name] });
  let region = req.body.region;
  const limit = 20;
  if (limit * 3 > 50) region = 'north';
  await client.query(`SELECT * FROM t WHERE region = '${region}'`);
  let other = 'south';
  switch ('b') {
    case 'a':
      other = req.body.other;
      break;
    case 'b':
      other = 'west';
      break;
    default:
      other = req.body.other;
  }
  await client.query(`SELECT * FROM t WHERE other = '${other}'`);
  const box = new Map();
  box.set('one', 'fixed');
  box.set('two', req.body.two);
  await client.query(`SELECT * FROM t WHERE a = '${box.get('one')}'`);
  await client.query(`SELECT * FROM t WHERE a = '${box.get('two')}'`);
  const names = ['a', req.body.b, 'c'];
  names.shift();
  await client.query(`SELECT * FROM t WHERE a = '${names[1]}'`);
  await client.query(`SELECT * FROM t WHERE a = '${names[0]}'`);
  res.end();
});

const STATES = ['open', 'closed'];
app.get('/state/:state', (req, res) => {
  const { state } = req.params;
  if (!STATES.includes(state)) return res.status(400).end();
  db.query(`SELECT * FROM t WHERE state = '${state}'`);
  if (!/^[a-z]+$/.test(req.params.other)) throw new Error('no');
  db.query(`SELECT * FROM t WHERE state = '${req.params.other}'`);
  res.end();
});

app.get('/run', (req, res) => {
  exec('convert ' + req.query.file, () => {});
  exec(`convert ${req.query.file}`);
  execFile('convert', [req.query.file]);
  spawn('sh', ['-c', 'ls ' + req.query.folder]);
  spawn('ls', [req.query.folder]);
  spawn('ls ' + req.query.folder, { shell: true });
  exec('ls ' + Number(req.query.n));
  const kinds = { png: 'png', jpg: 'jpg' };
  exec('convert a.' + kinds[req.query.kind]);
  res.end();
});

app.get('/calc', (req, res) => {
  res.json(eval(req.query.formula));
  new Function('a', req.body.code)();
  setTimeout(() => console.info('later'), req.query.ms);
});

app.get('/file', (req, res) => {
  fs.readFileSync('/srv/' + req.query.name);
  fs.readFileSync(path.join('/srv', path.basename(req.query.name)));
  const full = path.resolve('/srv', req.query.name);
  if (full.startsWith('/srv/')) fs.readFileSync(full);
  fs.createReadStream(path.join('/srv', req.params.name)).pipe(res);
  res.sendFile(req.query.name, { root: '/srv' });
});

app.get('/hello', (req, res) => {
  res.send('<p>' + req.query.name + '</p>');
});

app.get('/hello2', (req, res) => {
  res.send('<p>' + escapeHtml(req.query.name) + '</p>');
});

app.get('/hello3', (req, res) => {
  res.json({ name: req.query.name });
});

app.get('/hello4', (req, res) => {
  res.status(404).send(`No ${req.params.thing}`);
});

app.get('/hello5', (req, res) => {
  res.send(`<p>${encodeURIComponent(req.query.name)}</p>`);
});

app.get('/go', (req, res) => {
  res.redirect(req.query.to);
});

app.get('/go2', (req, res) => {
  const to = { home: '/', help: '/help' }[req.query.to];
  res.redirect(to || '/');
});

app.get('/ask', async (req, res) => {
  await axios.get(req.query.url);
  await fetch(`https://${req.body.host}/x`);
  await fetch('https://api.example.com/x?q=' + encodeURIComponent(req.query.q));
  res.end();
});

app.post('/merge', (req, res) => {
  _.merge({}, req.body);
  _.merge({}, { a: 1 });
  res.end();
});

app.get('/find', (req, res) => {
  new RegExp(req.query.q).test('x');
  new RegExp(_.escapeRegExp(req.query.q)).test('x');
  res.end();
});

app.get('/crypto', (req, res) => {
  crypto.createHash('md5').update(req.query.password).digest('hex');
  crypto.createHash('sha256').update(req.query.password).digest('hex');
  crypto.createCipheriv('des-cbc', key(), iv());
  crypto.createCipheriv('aes-256-gcm', key(), iv());
  const token = Math.random().toString(36);
  const secret = crypto.randomBytes(16).toString('hex');
  const shade = Math.floor(Math.random() * 10);
  res.cookie('session', token, { secure: false });
  res.cookie('session', token, { secure: true, httpOnly: true });
  jwt.verify(req.query.t, process.env.KEY, { algorithms: ['none'] });
  jwt.verify(req.query.t, process.env.KEY, { algorithms: ['RS256'] });
  jwt.sign({ a: 1 }, 'wr1tten-here');
  jwt.sign({ a: 1 }, process.env.KEY);
  res.json({ secret, shade });
});
