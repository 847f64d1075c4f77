import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { parseQuery } from '../../src/egress/dns.ts';
import { buildQuery } from '../fuzz/network.ts';

/** What an attacker would like to get. Split so that it stands in no file that is read by chance. */
export const LOOT = ['loot', '5f3a9c', 'end'].join('-');
const SWITCHED = 'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n';
const SINK_BYTES_MAX = 1_048_576;

/** Where stolen bytes would arrive: TCP, UDP and an abstract socket, all on this machine's loopback. */
export type Sinks = {
  readonly port: number;
  readonly udpPort: number;
  readonly abstractName: string;
  /** Everything that arrived, as Latin-1 text; names that were looked up are in it as well. */
  taken(): string;
  /** The addresses that the product dialled. */
  readonly dialled: string[];
  /** Stand-ins for the world outside: every public address leads to the TCP sink. */
  readonly connect: (address: string, port: number) => Socket;
  readonly resolveTo: (addresses: readonly string[]) => (host: string) => Promise<readonly string[]>;
  close(): Promise<void>;
};

let serial = 0;

export async function openSinks(): Promise<Sinks> {
  let text = '';
  const take = (bytes: Uint8Array) => {
    if (text.length < SINK_BYTES_MAX) text += Buffer.from(bytes).toString('latin1');
  };
  const serve = () =>
    createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.on('data', (bytes) => {
        take(bytes);
        // A server that would go on in another protocol: what comes then is no request that anybody reads.
        if (/\r\nupgrade: h2c\r\n/i.test(bytes.toString('latin1'))) socket.write(SWITCHED);
        else if (bytes.includes('HTTP/1.1\r\n')) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
      });
    });
  const tcp = serve();
  await listening(tcp, () => tcp.listen(0, '127.0.0.1'));
  const local = serve();
  serial += 1;
  const abstractName = `\0sallyport-sink-${process.pid}-${serial}`;
  await listening(local, () => local.listen(abstractName));
  const udp: DatagramSocket = createSocket('udp4');
  await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve));
  udp.on('message', (bytes, from) => {
    take(bytes);
    const query = parseQuery(bytes);
    if (query.state === 'question') udp.send(buildQuery('', { id: query.question.id }), from.port, from.address);
  });
  const address = tcp.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const dialled: string[] = [];
  return {
    port,
    udpPort: udp.address().port,
    abstractName,
    taken: () => text,
    dialled,
    connect(to, toPort) {
      dialled.push(`${to}:${toPort}`);
      return connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    },
    resolveTo: (addresses) => (host) => {
      // A lookup is a way out too: the name goes to whoever owns its zone.
      take(Buffer.from(`lookup ${host}\n`));
      return Promise.resolve(addresses);
    },
    async close() {
      for (const server of [tcp, local]) {
        await new Promise((resolve) => {
          server.close(resolve);
        });
      }
      udp.close();
    },
  };
}

function listening(server: Server, start: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', resolve);
    start();
  });
}
