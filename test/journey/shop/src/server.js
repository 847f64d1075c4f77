const { exec } = require('node:child_process');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const express = require('express');
const mysql = require('mysql2');
const { priceOf } = require('./price');

const app = express();
const db = mysql.createConnection({ host: 'db', user: 'shop', password: process.env.DB_PASSWORD });

app.get('/products', (req, res) => {
  db.query("SELECT * FROM product WHERE name = '" + req.query.name + "'", (error, rows) => { // PLANT[CWE-89]
    res.json(rows);
  });
});

app.get('/safe-products', (req, res) => {
  db.query('SELECT * FROM product WHERE name = ?', [req.query.name], (error, rows) => res.json(rows));
});

app.post('/convert', (req, res) => {
  exec(`convert ${req.body.file} out.png`, () => res.end()); // PLANT[CWE-78]
});

app.get('/greet', (req, res) => {
  res.send('<h1>Hello ' + req.query.name + '</h1>'); // PLANT[CWE-79]
});

app.get('/manual', (req, res) => {
  const file = path.join(__dirname, 'manuals', req.query.page);
  fs.readFile(file, 'utf8', (error, text) => res.type('text/plain').send(text)); // PLANT[CWE-22]
});

app.get('/go', (req, res) => {
  res.redirect(req.query.to); // PLANT[CWE-601]
});

app.get('/preview', async (req, res) => {
  const answer = await fetch(req.query.url); // PLANT[CWE-918]
  res.type('text/plain').send(String(answer.status));
});

app.post('/discount', (req, res) => {
  const factor = eval(req.body.formula); // PLANT[CWE-94|CWE-95]
  res.json({ price: priceOf(10, 1) * factor });
});

app.post('/session', (req, res) => {
  const token = Math.random().toString(36).slice(2); // PLANT[CWE-330|CWE-338]
  res.cookie('session', token, { httpOnly: false }); // PLANT[CWE-1004]
  res.end();
});

function fingerprintOf(password) {
  return crypto.createHash('md5').update(password).digest('hex'); // PLANT[CWE-328|CWE-327|CWE-916]
}

module.exports = { app, fingerprintOf };
