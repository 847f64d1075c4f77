import { reasonOf } from '../../../src/base/index.ts';
import { attacks as audit } from './audit.ts';
import { attacks as doors } from './doors.ts';
import { attacks as git } from './git.ts';
import { attacks as installation } from './installation.ts';
import { attacks as jobs } from './jobs.ts';
import { openRig, type Rig, type ServerAttack, type Verdict } from './rig.ts';

const ATTEMPT_MS_MAX = 90_000;

/** Those of git begin, before the setting for direct pushes is there; those on the audit log end, as they leave nothing whole. */
export const SERVER_ATTACKS: readonly ServerAttack[] = [...git, ...jobs, ...doors, ...installation, ...audit];

/** `npm run -s attack -- server`: all of them against one running product. */
export async function attackServer(only: string | undefined): Promise<number> {
  const wanted = SERVER_ATTACKS.filter(({ id }) => only === undefined || id === only || id.startsWith(`${only}-`));
  const verdicts: Verdict[] = [];
  await using rig = await openRig();
  if (!wanted.some(({ id }) => id === SERVER_ATTACKS[0]?.id)) await rig.restart('--unsafe-direct-push');
  for (const attack of wanted) {
    if (attack.needsRoot === true && process.getuid?.() !== 0) {
      console.log(`${attack.id}  ${attack.title}: not run (needs root)`);
      continue;
    }
    const started = performance.now();
    const verdict = await attempt(attack, rig);
    verdicts.push(verdict);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const [product, control] = [
      verdict.refused ? 'refused' : 'NOT REFUSED',
      verdict.succeeded ? 'succeeded' : 'FAILED',
    ];
    console.log(`${attack.id}  ${attack.title}: ${product}, control ${control} (${seconds} s)`);
    if (!verdict.refused || !verdict.succeeded) console.log(`      ${verdict.detail}`);
  }
  const total = verdicts.length;
  const refused = verdicts.filter((verdict) => verdict.refused).length;
  const succeeded = verdicts.filter((verdict) => verdict.succeeded).length;
  console.log(`attack: ${refused}/${total} refused, ${succeeded}/${total} controls succeeded`);
  return total > 0 && refused === total && succeeded === total ? 0 : 1;
}

/** What throws or hangs proves nothing, in either direction. */
async function attempt(attack: ServerAttack, rig: Rig): Promise<Verdict> {
  const { promise: late, resolve } = Promise.withResolvers<Verdict>();
  const nothing = (detail: string): Verdict => ({ refused: false, succeeded: false, detail });
  const { msMax = ATTEMPT_MS_MAX } = attack;
  const timer = setTimeout(() => resolve(nothing(`no answer within ${msMax} ms`)), msMax);
  try {
    return await Promise.race([attack.attempt(rig), late]);
  } catch (thrown) {
    return nothing(`failed: ${reasonOf(thrown)}`);
  } finally {
    clearTimeout(timer);
  }
}
