// Names that are put together, secrets that are compared.
const express = require('express');
const crypto = require('crypto');
const app = express();

app.get('/names', (req, res) => {
  const text = req.query.text;
  globalThis['ev' + 'al'](text); // flaw: 94
  require('child_' + 'process')['ex' + 'ec'](text); // flaw: 78
  process.mainModule.require('child_process').exec(text); // flaw: 78
  Reflect.get(require('child_process'), 'execSync')(text); // flaw: 78
  globalThis['parse' + 'Int'](text); // safe: 94
  res.end();
});

app.post('/hook', (req, res) => {
  const own = crypto.createHmac('sha256', process.env.HOOK_KEY).update(req.rawBody).digest('hex');
  if (own !== req.get('x-signature')) return res.sendStatus(403); // flaw: 208
  if (req.get('x-token') === process.env.HOOK_TOKEN) return res.end(); // flaw: 208
  if (req.body.kind === 'token') return res.end(); // safe: 208
  if (req.body.password !== req.body.again) return res.sendStatus(400); // safe: 208
  if (crypto.timingSafeEqual(Buffer.from(own), Buffer.from(req.get('x-signature')))) return res.end(); // safe: 208
  res.end();
});
