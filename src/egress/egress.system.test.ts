import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { type AddressInfo, connect as netConnect, createServer, type Server, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, expect, test } from 'vitest';
import { type BarePod, type BarePodSpec, holdNamespace, openBarePod, runHost } from '../../test/attack/bare-pod.ts';
import { silentLog, systemClock } from '../base/index.ts';
import { openNetwork, prepareNetwork } from './open.ts';
import { proposeEgress } from './propose.ts';
import { CONNECTIONS_MAX } from './session.ts';

const HOST = 'allowed.example';
const PUBLIC = '203.0.113.10';
const open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

async function pod(spec: BarePodSpec): Promise<BarePod> {
  const opened = await openBarePod({ resolve: () => Promise.resolve([PUBLIC]), ...spec });
  open.push(() => opened.close());
  return opened;
}

async function listen(server: Server | HttpServer): Promise<(address: string, port: number) => Socket> {
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  open.push(
    () =>
      new Promise((resolve) => {
        server.close(resolve);
        if ('closeAllConnections' in server) server.closeAllConnections();
      }),
  );
  const { port } = server.address() as AddressInfo;
  return () => netConnect({ host: '127.0.0.1', port, allowHalfOpen: true });
}

function node(script: string): string[] {
  return [process.execPath, '-e', script];
}

test('a large transfer both ways arrives whole, half-closed, with its bytes in the record', async () => {
  const bytes = 8 * 1024 * 1024;
  const answer = randomBytes(bytes);
  let received = 0;
  const hash = createHash('sha256');
  const connect = await listen(
    createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('data', (chunk) => {
        received += chunk.length;
        hash.update(chunk);
      });
      // Answers only after the client has ended its side.
      socket.on('end', () => socket.end(answer));
    }),
  );
  const { run, records, network } = await pod({ allow: [`${HOST}:8443`], connect });

  const { output } = await run(
    node(`const h = require('crypto').createHash('sha256'); let n = 0;
const s = require('net').connect({ host: '${HOST}', port: 8443, allowHalfOpen: true }, () => s.end(Buffer.alloc(${bytes}, 1)));
s.on('data', (d) => { h.update(d); n += d.length; }); s.on('end', () => console.log(n, h.digest('hex')));`),
  );
  await network.close();

  expect(output.trim()).toBe(`${bytes} ${createHash('sha256').update(answer).digest('hex')}`);
  expect(received).toBe(bytes);
  expect(hash.digest('hex')).toBe(createHash('sha256').update(Buffer.alloc(bytes, 1)).digest('hex'));
  expect(records.find((record) => record.via === 'transparent')).toMatchObject({
    host: HOST,
    port: 8443,
    verdict: 'allowed',
    address: PUBLIC,
    step: 'step-1',
    bytesSent: bytes,
    bytesReceived: bytes,
  });
});

test('a server may speak first', async () => {
  const connect = await listen(createServer((socket) => socket.write('220 ready\r\n')));
  const { run } = await pod({ allow: [`${HOST}:2525`], connect });

  const { output } = await run(
    node(
      `const s = require('net').connect(2525, '${HOST}'); s.on('data', (d) => { console.log(String(d)); s.destroy(); });`,
    ),
  );

  expect(output).toContain('220 ready');
});

test('requests of one connection, bodies of all kinds and upgrades pass the HTTP forwarder', async () => {
  const server = createHttpServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      const echo = `${request.method} ${request.url} ${request.headers.host} ${body} ${request.headers['x-a'] ?? ''}`;
      if (request.url === '/none') response.writeHead(204).end();
      // sallyport:ignore javascript-xss -- an echo for the requests of this test; no browser asks it (egress, until 2027-06-30)
      else response.end(echo);
    });
  });
  server.on('upgrade', (_request, socket: Socket) => {
    socket.write('HTTP/1.1 101 Switching\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n');
    socket.pipe(socket);
  });
  const connect = await listen(server);
  const { run, records } = await pod({ allow: [`${HOST}:80`], connect });

  const { output } = await run(
    node(`const http = require('http'); const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const ask = (o, body) => new Promise((r, j) => { const q = http.request({ agent, host: '${HOST}', ...o }, (x) => { let t = ''; x.on('data', (d) => t += d); x.on('end', () => r(x.statusCode + ' ' + t)); }); q.on('error', j); if (body) { q.write(body); q.write(body); } q.end(); });
(async () => { console.log(await ask({ path: '/a', headers: { 'x-a': 'kept' } })); console.log(await ask({ path: '/b', method: 'POST' }, 'body'));
console.log(await ask({ path: '/none' })); console.log(await ask({ path: '/c', method: 'PUT', headers: { 'content-length': 8 } }, 'body'));
console.log(await ask({ path: '/h', method: 'HEAD' })); console.log(await ask({ path: '/up', headers: { connection: 'Upgrade', upgrade: 'h2c' } }));
const q = http.request({ host: '${HOST}', path: '/ws', headers: { connection: 'Upgrade', upgrade: 'websocket' } });
q.on('upgrade', (x, s) => { s.on('data', (d) => { console.log('echo ' + d); process.exit(0); }); s.write('hello'); }); q.end(); })();`),
  );

  expect(output.trim().split('\n')).toEqual([
    `200 GET /a ${HOST}  kept`,
    `200 POST /b ${HOST} bodybody `,
    '204 ',
    `200 PUT /c ${HOST} bodybody `,
    '200 ',
    `200 GET /up ${HOST}  `,
    'echo hello',
  ]);
  expect(records.filter((record) => record.via === 'transparent').length).toBeGreaterThanOrEqual(5);
});

test('neither a hostile server nor a hostile client can end the runner', async () => {
  const answers = [
    'HTTP/1.1 200 \x01\x02\r\nconnection: close\r\n\r\n',
    'HTTP/1.1 200 OK\r\nx: a\x00b\r\n\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
    'HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nraw',
    'HTTP/1.1 999 \r\n\r\n',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 000 x\r\n\r\n',
    `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}\r\n\r\n`,
    'garbage',
    '',
  ];
  let turn = 0;
  const connect = await listen(
    createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', () => socket.end(Buffer.from(answers[(turn += 1) % answers.length] ?? '', 'latin1')));
    }),
  );
  const opened = await pod({ allow: [`${HOST}:80`], connect });
  const requests = [
    ...answers.map(() => `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`),
    ...answers.map(() => `GET /ws HTTP/1.1\r\nHost: ${HOST}\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n`),
    `GET /\xff\xfe HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`,
    `GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: host, x\r\nX: \x80\r\n\r\n`,
    `M-SEARCH * HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`,
    `CONNECT evil.example:443 HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`,
    `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 999\r\n\r\nshort`,
    `GET / HTTP/1.1\r\nHost: ${HOST}\r\nExpect: nonsense\r\n\r\n`,
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    '\r\n\r\n\r\n',
    '\x00',
  ];

  const { output } = await opened.run(
    node(`const all = ${JSON.stringify(requests)}; const one = (t) => new Promise((r) => { const s = require('net').connect(80, '${HOST}', () => s.end(Buffer.from(t, 'latin1')));
s.resume(); s.on('error', r); s.on('close', r); setTimeout(() => { s.destroy(); r(); }, 800); }); (async () => { for (const t of all) await one(t); console.log('done'); })();`),
    { timeoutMs: 60_000 },
  );

  expect(output).toContain('done');
  expect(opened.records.filter((record) => record.port === 80 && record.verdict === 'allowed').length).toBeGreaterThan(
    10,
  );
});

test('what cannot be recorded does not happen', async () => {
  let isBroken = false;
  const connect = await listen(createServer((socket) => socket.end('x')));
  const opened = await pod({ allow: [`${HOST}:8443`], connect });
  const push = opened.records.push.bind(opened.records);
  opened.records.push = (...records) => {
    if (isBroken) throw new Error('disk full');
    return push(...records);
  };
  const ask = () =>
    opened.run(
      node(
        `const s = require('net').connect(8443, '${HOST}').on('data', () => console.log('reached')).on('error', () => {})`,
      ),
    );

  expect((await ask()).output).toContain('reached');
  isBroken = true;
  await ask();
  isBroken = false;
  expect((await ask()).output).not.toContain('reached');
});

test('a job may listen on any port itself, also on those that lead outside', async () => {
  const { enter } = await pod({ allow: [`${HOST}:443`, `${HOST}:5432`] });

  // As the pod's root, who may take ports below 1024.
  const { output } = await runHost([
    ...enter,
    ...node(`const net = require('net'); const all = [['0.0.0.0', 443], ['::', 5432], ['127.0.0.1', 80], ['0.0.0.0', 53]];
Promise.all(all.map(([host, port]) => new Promise((r) => { const s = net.createServer((c) => c.end('own')); s.on('error', (e) => r(e.code));
s.listen(port, host, () => net.connect(port, '127.0.0.1').on('data', (d) => r(String(d)))); }))).then((x) => { console.log(x.join()); process.exit(0); });`),
  ]);

  expect(output.trim()).toBe('own,own,own,own');
});

test('a service of the runner is reached by its name and by nothing else', async () => {
  const server = createHttpServer((_request, response) => response.end('served'));
  const served = [{ port: 47_000, onConnection: (socket: Socket) => void server.emit('connection', socket) }];
  const { run, records } = await pod({ served });
  const get = (url: string) =>
    node(`fetch('${url}').then((r) => r.text()).then(console.log, () => console.log('refused'))`);

  expect((await run(get('http://sallyport.localhost:47000/'))).output).toContain('served');
  expect((await run(get('http://198.18.0.1:47000/'))).output).toContain('refused');
  expect(records).toContainEqual(expect.objectContaining({ via: 'gateway', port: 47_000, verdict: 'allowed' }));
  expect(records).toContainEqual(expect.objectContaining({ host: '198.18.0.1', reason: 'address-literal' }));
});

test('what is refused is recorded with its process, and what nobody serves is counted', async () => {
  const { run, records, network } = await pod({});

  await run(
    node(`require('net').connect(443, '${PUBLIC}').on('error', () => {}); setTimeout(() => process.exit(), 1000)`),
  );
  await run(node(`require('net').connect(9, '${PUBLIC}').on('error', () => {});`));

  expect(records).toContainEqual(
    expect.objectContaining({
      host: PUBLIC,
      port: 443,
      verdict: 'denied',
      process: 'node',
    }),
  );
  expect((await network.countUnserved()).detail).toMatchObject({ tcpRefused: 1, udpRefused: 0 });
});

test('while learning, public names are reached, private ones are not, and the list is proposed', async () => {
  const connect = await listen(createHttpServer((_request, response) => response.end('ok')));
  const resolve = (host: string) => Promise.resolve([host === 'inside.example' ? '10.0.0.1' : PUBLIC]);
  const { run, records } = await pod({ learn: true, connect, resolve });

  await run(
    node(
      `Promise.allSettled(['a.example:80', 'b.example:8081', 'inside.example:80', 'x.internal:80'].map((h) => fetch('http://' + h)))`,
    ),
  );

  expect(proposeEgress(records, undefined).text).toBe('allow:\n  - a.example:80\n  - b.example:8081\n');
  expect(records).toContainEqual(expect.objectContaining({ host: 'inside.example', reason: 'private-address' }));
});

test('the address that was checked is the address that is dialled', async () => {
  let lookups = 0;
  const dialled: string[] = [];
  const server = createServer((socket) => socket.end('x'));
  const sink = await listen(server);
  const { run } = await pod({
    allow: [`${HOST}:8443`],
    resolve: () => Promise.resolve([(lookups += 1) === 1 ? PUBLIC : '127.0.0.1']),
    connect: (address, port) => {
      dialled.push(`${address}:${port}`);
      return sink(address, port);
    },
  });

  await run(node(`require('net').connect(8443, '${HOST}').on('close', () => process.exit()).resume()`));

  expect(dialled).toEqual([`${PUBLIC}:8443`]);
  expect(lookups).toBe(1);
});

test('the addresses of this machine are not reached, though they are public', async () => {
  const own = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .find((entry) => !entry.internal);
  if (own === undefined) return;
  const { run, records } = await pod({ allow: [`${HOST}:8443`], resolve: () => Promise.resolve([own.address]) });

  await run(node(`require('net').connect(8443, '${HOST}').on('error', () => process.exit()).resume()`));

  expect(records).toContainEqual(expect.objectContaining({ host: HOST, reason: 'private-address' }));
});

test('the operator can open a name to a private address, never to a metadata service', async () => {
  const sink = await listen(createServer((socket) => socket.end('mirror')));
  const addresses: { [host: string]: string } = { 'mirror.corp': '10.0.0.5', 'meta.corp': '169.254.169.254' };
  const { run, records } = await pod({
    allow: ['mirror.corp:8443', 'meta.corp:8443'],
    allowPrivate: ['mirror.corp', 'meta.corp'],
    resolve: (host) => Promise.resolve([addresses[host] ?? PUBLIC]),
    connect: sink,
  });
  const ask = (host: string) =>
    run(
      node(
        `require('net').connect(8443, '${host}').on('data', (d) => console.log(String(d))).on('error', () => console.log('refused'))`,
      ),
    );

  expect((await ask('mirror.corp')).output).toContain('mirror');
  expect((await ask('meta.corp')).output).toContain('refused');
  expect(records).toContainEqual(expect.objectContaining({ host: 'meta.corp', reason: 'private-address' }));
});

test('connections beyond the limit are refused and the others live on', async () => {
  const connect = await listen(createServer((socket) => socket.pipe(socket)));
  const { run, records } = await pod({ allow: [`${HOST}:8443`], connect });

  const { output } = await run(
    node(`const net = require('net'); let failed = 0, open = 0; const first = net.connect(8443, '${HOST}', async () => {
for (let i = 0; i < ${CONNECTIONS_MAX + 20}; i += 1) await new Promise((r) => { const s = net.connect(8443, '${HOST}', () => { open += 1; s.write('x'); });
s.once('data', r); s.on('error', () => { failed += 1; r(); }); }); first.once('data', (d) => { console.log('alive', failed); process.exit(0); }); first.write('y'); });`),
    { timeoutMs: 60_000 },
  );

  expect(output).toContain('alive 21');
  expect(records).toContainEqual(expect.objectContaining({ reason: 'too-many-connections' }));
});

test('a gateway can be raised before the job is known', async () => {
  const { holder, enter } = await holdNamespace();
  open.push(async () => holder.stdin?.end());
  const deps = { clock: systemClock, log: silentLog, nodePath: process.execPath };
  const prepared = await prepareNetwork({ enter, servedPorts: [47_000] }, deps);
  const spec = { enter, served: [], onRecord: () => {}, currentStep: () => undefined };

  const network = await openNetwork(
    { ...spec, prepared, policy: { allow: [`${HOST}:12345`], allowPrivate: [] } },
    deps,
  );

  expect(network.resolvConf).toContain('nameserver 198.18.0.1');
  expect([...prepared.gateway.tcp.keys()]).toContain(12_345);
  await network.close();
  expect(existsSync(`/proc/${prepared.gateway.gatewayPid}`)).toBe(false);
});

test('nothing is left when the runner is killed', async () => {
  const { holder, enter } = await holdNamespace();
  open.push(async () => holder.stdin?.end());
  const module = new URL('./gateway.ts', import.meta.url).pathname;
  const script = `import { raiseGateway } from ${JSON.stringify(module)};
const g = await raiseGateway({ enter: ${JSON.stringify(enter)}, nodePath: process.execPath, ports: [80], loopbackPorts: [] });
console.log(g.podPid, g.gatewayPid); process.kill(process.pid, 'SIGKILL');`;

  const { output } = await runHost([process.execPath, '--input-type=module-typescript', '-e', script]);
  const pids = /^(\d+) (\d+)$/m.exec(output)?.slice(1) ?? [];
  await expect.poll(() => pids.map((pid) => existsSync(`/proc/${pid}`)), { timeout: 5000 }).toEqual([false, false]);
});

test('a pod that cannot be entered is a fault, not a job without walls', async () => {
  const spec = {
    policy: { allow: [], allowPrivate: [] },
    served: [],
    onRecord: () => {},
    currentStep: () => undefined,
  };
  const deps = { clock: systemClock, log: silentLog, nodePath: process.execPath };
  const failed = expect.objectContaining({ code: 'egress/gateway-failed' });

  await expect(openNetwork({ ...spec, enter: ['/bin/false'] }, deps)).rejects.toEqual(failed);
  await expect(openNetwork({ ...spec, enter: ['/does/not/exist'] }, deps)).rejects.toEqual(failed);
  await expect(openNetwork({ ...spec, enter: [], policy: { allow: ['*'], allowPrivate: [] } }, deps)).rejects.toEqual(
    expect.objectContaining({ code: 'egress/rule-invalid' }),
  );
});
