import { connect as netConnect, createServer } from 'node:net';
import { silentLog, systemClock } from '../src/base/index.ts';
import { type NetworkDeps, openNetwork, prepareNetwork } from '../src/egress/index.ts';
import { holdNamespace, openBarePod, runHost } from '../test/attack/bare-pod.ts';

const ROUNDS = 11;
const TRANSFER_BYTES = 256 * 1024 * 1024;
const HOST = 'bench.example';

export type NetworkFigures = {
  /** Milliseconds from a pod without a network to one whose network serves. */
  readonly openMedianMs: number;
  readonly openMinMs: number;
  /** The same for a pod whose gateway was raised while it waited. */
  readonly openPreparedMedianMs: number;
  /** Node's own start on this machine at this moment: the floor of a cold opening. */
  readonly nodeStartMedianMs: number;
  /** Megabytes a second of one download, straight over loopback and through the transparent way out. */
  readonly directMBps: number;
  readonly transparentMBps: number;
};

/** Measures opening and throughput of a pod's network. Absolute figures are of this machine at this moment. */
export async function benchNetwork(): Promise<NetworkFigures> {
  const cold = await repeat(() => openOnce({ isPrepared: false }));
  const warm = await repeat(() => openOnce({ isPrepared: true }));
  const start = await repeat(async () => {
    const began = performance.now();
    await runHost([process.execPath, '-e', '0']);
    return performance.now() - began;
  });
  const { direct, transparent } = await measureThroughput();
  return {
    openMedianMs: median(cold),
    openMinMs: Math.min(...cold),
    openPreparedMedianMs: median(warm),
    nodeStartMedianMs: median(start),
    directMBps: direct,
    transparentMBps: transparent,
  };
}

async function openOnce(options: { readonly isPrepared: boolean }): Promise<number> {
  const { holder, enter } = await holdNamespace();
  const deps: NetworkDeps = { clock: systemClock, log: silentLog, nodePath: process.execPath };
  const prepared = options.isPrepared ? await prepareNetwork({ enter, servedPorts: [47_000] }, deps) : undefined;
  const began = performance.now();
  const network = await openNetwork(
    {
      enter,
      policy: { allow: ['registry.npmjs.org:443'], allowPrivate: [] },
      served: [{ port: 47_000, onConnection: (socket) => socket.destroy() }],
      onRecord: () => {},
      currentStep: () => undefined,
      ...(prepared === undefined ? {} : { prepared }),
    },
    deps,
  );
  const took = performance.now() - began;
  await network.close();
  holder.stdin?.end();
  return took;
}

/** One download of a fixed size by the same client: bare on the host, and inside. */
async function measureThroughput(): Promise<{ direct: number; transparent: number }> {
  const chunk = Buffer.alloc(1024 * 1024, 1);
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    let left = TRANSFER_BYTES;
    const more = () => {
      while (left > 0) {
        left -= chunk.length;
        if (!socket.write(chunk)) return;
      }
      socket.end();
    };
    socket.on('drain', more);
    more();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const pod = await openBarePod({
    allow: [`${HOST}:8443`],
    resolve: () => Promise.resolve(['203.0.113.10']),
    connect: () => netConnect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true }),
  });
  const client = (host: string, to: number) => [
    process.execPath,
    '-e',
    `const t = performance.now(); let n = 0; require('net').connect(${to}, '${host}')
.on('data', (d) => { n += d.length; }).on('end', () => console.log(n / 1e6 / ((performance.now() - t) / 1000)));`,
  ];
  try {
    const direct = Number((await runHost(client('127.0.0.1', port))).output);
    const transparent = Number((await pod.run(client(HOST, 8443))).output);
    return { direct, transparent };
  } finally {
    await pod.close();
    server.close();
  }
}

async function repeat(measure: () => Promise<number>): Promise<number[]> {
  const figures: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) figures.push(await measure());
  return figures;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
