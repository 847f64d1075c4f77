import { type Digest, isAtLeast, type TrustLevel } from '../base/index.ts';
import type { Decision, Denial } from './local.ts';
import { Permit } from './permit.ts';

/** What the rules of the server look at: plain facts of a plan and of what caused it. */
export type ServerFacts = {
  readonly planDigest: Digest;
  /** What the plan says of itself. */
  readonly level: TrustLevel;
  /** The most that the event gives, by who caused it and how. */
  readonly ceiling: TrustLevel;
  readonly jobs: readonly {
    readonly key: string;
    readonly secrets: readonly string[];
    readonly permissions: { readonly [scope: string]: string };
    readonly environment?: string;
  }[];
  /** Milliseconds since 1970. */
  readonly now: number;
};

/**
 * The rules of a run on the server. No plan is above what its event gives, and nothing is `reviewed` before changes are reviewed here.
 * Secrets and identity tokens are not given to anybody yet.
 */
export function decideServerRun(facts: ServerFacts): Decision {
  const denials = [...levelDenials(facts), ...environmentDenials(facts)];
  if (denials.length > 0) return { permitted: false, denials };
  const permit = new Permit({ planDigest: facts.planDigest, level: facts.level, secrets: [], givenAt: facts.now });
  return { permitted: true, permit, withheld: [...secretDenials(facts), ...tokenDenials(facts)] };
}

function levelDenials({ level, ceiling }: ServerFacts): readonly Denial[] {
  const isAbove = level !== ceiling && isAtLeast(level, ceiling);
  if (!isAbove && !isAtLeast(level, 'reviewed')) return [];
  return [
    {
      rule: 'level-ceiling',
      message: `the plan claims the level ${level}, and what caused it gives at most ${isAbove ? ceiling : 'branch'}`,
      remedy: 'Run it from a commit and by a person that the level is given to.',
    },
  ];
}

/** Whoever may push a branch could otherwise enter any environment. */
function environmentDenials({ level, jobs }: ServerFacts): readonly Denial[] {
  if (level !== 'untrusted') return [];
  const entered = jobs.filter(({ environment }) => environment !== undefined);
  return entered.map(({ key, environment }) => ({
    rule: 'untrusted-environment',
    message: `${key}: the run is untrusted, and the job would enter the environment ${environment ?? ''}`,
    remedy: 'Deploy from a commit of the repository itself.',
  }));
}

function secretDenials({ jobs }: ServerFacts): readonly Denial[] {
  const wanted = new Set(jobs.flatMap(({ secrets }) => secrets.map((name) => name.toUpperCase())));
  const missing = [...wanted].filter((name) => name !== 'GITHUB_TOKEN').sort();
  if (missing.length === 0) return [];
  return [
    {
      rule: 'secret-missing',
      message: `Secrets are empty, since none are kept here yet: ${missing.join(', ')}.`,
      remedy: 'Leave them away, or run it where they are.',
    },
  ];
}

function tokenDenials({ jobs }: ServerFacts): readonly Denial[] {
  const asking = jobs.filter(({ permissions }) => permissions['id-token'] === 'write');
  if (asking.length === 0) return [];
  return [
    {
      rule: 'id-token-missing',
      message: `${asking.map(({ key }) => key).join(', ')}: id-token: write has no effect: no identity tokens are made yet.`,
      remedy: 'Steps that ask for one fail.',
    },
  ];
}
