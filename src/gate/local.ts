import { type Digest, isAtLeast, type TrustLevel } from '../base/index.ts';
import { Permit } from './permit.ts';

/** What the local rules look at: plain facts of a plan. */
export type LocalFacts = {
  readonly planDigest: Digest;
  readonly level: TrustLevel;
  readonly jobs: readonly {
    readonly key: string;
    /** Names of secrets that the job reads, without `GITHUB_TOKEN`. */
    readonly secrets: readonly string[];
    readonly permissions: { readonly [scope: string]: string };
    readonly environment?: string;
  }[];
  /** Names of the secrets that the person gave. */
  readonly offeredSecrets: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: number;
};

export type Denial = {
  /** Stable id of the rule. */
  readonly rule: string;
  readonly message: string;
  readonly remedy: string;
};

export type Decision =
  | {
      readonly permitted: true;
      readonly permit: Permit;
      /** What the run has to do without, and why: refusals that do not stop it. */
      readonly withheld: readonly Denial[];
    }
  | { readonly permitted: false; readonly denials: readonly Denial[] };

/**
 * The rules of a run on the person's own machine: it runs at its level, at most `branch`; secrets never go to `untrusted`
 * jobs; identity tokens and the secrets of environments do not exist here.
 */
export function decideLocalRun(facts: LocalFacts): Decision {
  if (isAtLeast(facts.level, 'reviewed')) {
    return {
      permitted: false,
      denials: [
        {
          rule: 'local-level',
          message: `the plan claims the level ${facts.level}, and nobody reviews or approves on this machine`,
          remedy: 'Run it on the server, from a reviewed commit.',
        },
      ],
    };
  }
  const withheld = [
    ...secretDenials(facts),
    ...missingSecrets(facts),
    ...tokenDenials(facts),
    ...environmentDenials(facts),
  ];
  const secrets = facts.level === 'untrusted' ? [] : facts.offeredSecrets;
  const permit = new Permit({ planDigest: facts.planDigest, level: facts.level, secrets, givenAt: facts.now });
  return { permitted: true, permit, withheld };
}

function secretDenials(facts: LocalFacts): readonly Denial[] {
  const wanted = new Set(facts.jobs.flatMap(({ secrets }) => secrets.map((name) => name.toUpperCase())));
  const withheld = facts.offeredSecrets.filter((name) => wanted.has(name.toUpperCase()));
  if (facts.level !== 'untrusted' || withheld.length === 0) return [];
  return [
    {
      rule: 'untrusted-secrets',
      message: `The run is untrusted: the secrets ${withheld.join(', ')} are not given to it.`,
      remedy: 'Run it without the event of an outsider, after you have read what changed.',
    },
  ];
}

/** They are empty, as at GitHub; who did not mean that finds out only in a log. */
function missingSecrets(facts: LocalFacts): readonly Denial[] {
  const offered = new Set(facts.offeredSecrets.map((name) => name.toUpperCase()));
  const wanted = new Set(facts.jobs.flatMap(({ secrets }) => secrets.map((name) => name.toUpperCase())));
  const missing = [...wanted].filter((name) => name !== 'GITHUB_TOKEN' && !offered.has(name)).sort();
  if (missing.length === 0 || facts.level === 'untrusted') return [];
  return [
    {
      rule: 'secret-missing',
      message: `Secrets that were not given are empty: ${missing.join(', ')}. --secret NAME asks for one.`,
      remedy: 'Give it with --secret NAME, NAME=@FILE, NAME=env:VARIABLE, or --secret-file.',
    },
  ];
}

function tokenDenials(facts: LocalFacts): readonly Denial[] {
  const jobs = facts.jobs.filter(({ permissions }) => permissions['id-token'] === 'write');
  if (jobs.length === 0) return [];
  return [
    {
      rule: 'local-id-token',
      message: `${jobs.map(({ key }) => key).join(', ')}: id-token: write has no effect here: no identity tokens are made on this machine.`,
      remedy: 'Steps that ask for one fail. Run what needs it on the server.',
    },
  ];
}

function environmentDenials(facts: LocalFacts): readonly Denial[] {
  const jobs = facts.jobs.filter(({ environment }) => environment !== undefined);
  return jobs.map(({ key, environment }) => ({
    rule: 'local-environment',
    message: `${key}: the environment ${environment ?? ''} is not entered here: the job runs at ${facts.level}, without its secrets.`,
    remedy: 'Deploy from the server, where approvals are given.',
  }));
}
