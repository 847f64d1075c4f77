import { openBarePod, runHost } from './bare-pod.ts';
import type { Attack } from './attack.ts';
import { buildClientHello } from '../fuzz/network.ts';
import { ABSTRACT, CONNECT, SOCKS, TLS } from './network-scripts.ts';
import { LOOT, openSinks, type Sinks } from './network-sinks.ts';

/** Milliseconds that an attack may take; the attacker's script ends itself before. */
const ATTACK_MS_MAX = 15_000;
export const PUBLIC = '203.0.113.10';

type Where = { readonly host: string; readonly port: number };

type Case = {
  readonly id: string;
  readonly title: string;
  /** A Node script. `HOST`, `PORT`, `LOOT` and `EXTRA` are in its environment. */
  readonly script: string;
  readonly extra?: string;
  /** Where the attack goes inside. In the control arm it goes to the sink on this machine's loopback. */
  readonly inside: Where | ((sinks: Sinks) => Where);
  /** Where it goes in the control arm, when that is not the TCP sink. */
  readonly outside?: (sinks: Sinks) => Where;
  readonly allow?: readonly string[];
  readonly resolvesTo?: readonly string[];
  /** How the refusal shows: the reason in the record, `counted` by the namespace, or `none`. */
  readonly evidence: string;
  /** Bytes of an allowed exchange may arrive; the loot may not. */
  readonly mayReach?: boolean;
};

export const ALLOWED = 'allowed.example';
export const hello = (...names: string[]) => buildClientHello({ names }).toString('latin1') + LOOT;
export const get = (host: string, path = '/') => `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
export const at = (host: string, port: number): Where => ({ host, port });

export function udpSink(sinks: Sinks): Where {
  return at('127.0.0.1', sinks.udpPort);
}

function environment(attack: Case, sinks: Sinks, where: Where): { [name: string]: string } {
  const extra = attack.script === ABSTRACT ? sinks.abstractName : (attack.extra ?? '');
  return { HOST: where.host, PORT: String(where.port), LOOT, EXTRA: hex(extra) };
}

/** Environment variables hold no zero bytes. */
function hex(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex');
}

/** The attacker's program. */
function program(attack: Case): string[] {
  const prelude = "const EXTRA = Buffer.from(process.env.EXTRA, 'hex').toString('latin1');";
  return [process.execPath, '-e', `${prelude}\n${attack.script}`];
}

/** Straight to the sink, as on a machine without walls. A tunnel has no proxy there: its bytes go directly. */
async function control(attack: Case): Promise<{ succeeded: boolean; detail: string }> {
  const sinks = await openSinks();
  try {
    const where = attack.outside?.(sinks) ?? at('127.0.0.1', sinks.port);
    const env = environment(attack, sinks, where);
    if (attack.script === CONNECT || attack.script === SOCKS) {
      const [, bytes]: unknown[] = JSON.parse(attack.extra ?? '[]');
      env['EXTRA'] = hex(JSON.stringify(['', bytes]));
    }
    const ran = await runHost(program(attack), { env, timeoutMs: ATTACK_MS_MAX });
    const taken = sinks.taken();
    // In a TLS hello the stolen bytes are the name itself.
    const succeeded = taken.toLowerCase().includes(LOOT) || (attack.script === TLS && taken.includes('evil.example'));
    return { succeeded, detail: `the sink took ${taken.length} bytes; exit ${ran.code} ${ran.output.slice(0, 200)}` };
  } finally {
    await sinks.close();
  }
}

async function product(attack: Case): Promise<{ refused: boolean; detail: string }> {
  const sinks = await openSinks();
  const pod = await openBarePod({
    allow: attack.allow ?? [],
    resolve: sinks.resolveTo(attack.resolvesTo ?? [PUBLIC]),
    connect: sinks.connect,
  });
  try {
    const where = typeof attack.inside === 'function' ? attack.inside(sinks) : attack.inside;
    const env = environment(attack, sinks, where);
    const before = await pod.network.countUnserved();
    const ran = await pod.run(program(attack), { env, timeoutMs: ATTACK_MS_MAX });
    const counted = (await pod.network.countUnserved()).packets - before.packets;
    const lookups = new RegExp(`lookup ${ALLOWED}\n`, 'g');
    const taken = sinks.taken().replaceAll(lookups, '');
    const reasons = pod.records.filter((record) => record.verdict === 'denied').map((record) => record.reason ?? '');
    const isSilent = !taken.toLowerCase().includes(LOOT) && (attack.mayReach === true || taken === '');
    const hasEvidence =
      attack.evidence === 'none' || (attack.evidence === 'counted' ? counted > 0 : reasons.includes(attack.evidence));
    const detail = `the sink took ${taken.length} bytes; recorded: ${reasons.join(', ') || '-'}; counted: ${counted}; exit ${ran.code}`;
    return { refused: isSilent && hasEvidence && ran.code !== null, detail };
  } finally {
    await pod.close();
    await sinks.close();
  }
}

/** Attacks that reach a sink from an ordinary process, and nothing from a pod. */
export function network(cases: readonly Case[]): readonly Attack[] {
  return cases.map((attack) => ({
    id: attack.id,
    title: attack.title,
    controls: ['K5'],
    control: () => control(attack),
    product: () => product(attack),
  }));
}
