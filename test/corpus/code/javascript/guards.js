// Tests that come before a use, and those that only look as if they did.
const express = require('express');
const fs = require('fs');
const path = require('path');
const app = express();
const root = '/srv/files';
const sessions = {};
const colours = {};

app.get('/leave', (req, res) => {
  const target = new URL(req.query.to);
  if (target.hostname !== 'shop.example') return res.sendStatus(400);
  res.redirect(target.href); // safe: 601
});

app.get('/back', (req, res) => {
  const to = req.query.to;
  if (new URL(to).host !== req.headers.host) return res.sendStatus(400);
  res.redirect(to); // safe: 601
});

app.get('/scheme', (req, res) => {
  const target = new URL(req.query.to);
  if (target.protocol !== 'https:') return res.sendStatus(400);
  res.redirect(target.href); // flaw: 601
});

app.get('/relative', (req, res) => {
  const file = path.resolve(root, req.query.name);
  const inner = path.relative(root, file);
  if (inner !== '' && (inner.startsWith('..') || path.isAbsolute(inner))) return res.sendStatus(404);
  fs.readFile(file, () => res.end()); // safe: 22
});

app.get('/sliced', (req, res) => {
  const file = path.normalize(path.join(root, req.query.name));
  if (file.slice(0, root.length) !== root) return res.sendStatus(404);
  fs.readFile(file, () => res.end()); // safe: 22
});

app.get('/long', (req, res) => {
  const file = path.normalize(path.join(root, req.query.name));
  if (file.length < 10) return res.sendStatus(404);
  fs.readFile(file, () => res.end()); // flaw: 22
});

app.get('/remember', (req, res) => {
  sessions[req.query.name] = Math.random().toString(36); // flaw: 330
  colours[req.query.name] = Math.random().toString(16); // safe: 330
  sessions.latest = require('crypto').randomUUID(); // safe: 330
  res.end();
});
