import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { digestOf } from '../base/index.ts';
import { decideLocalRun, type LocalFacts } from './local.ts';
import { PERMIT_MS_MAX } from './permit.ts';

const PLAN = digestOf('plan');
const facts = (more: Partial<LocalFacts> = {}): LocalFacts => ({
  planDigest: PLAN,
  level: 'branch',
  jobs: [{ key: 'build', secrets: ['KEY'], permissions: {} }],
  offeredSecrets: ['key'],
  now: 1000,
  ...more,
});

function permitOf(given: LocalFacts) {
  const decision = decideLocalRun(given);
  if (!decision.permitted) throw new Error('denied');
  return decision.permit;
}

describe('the local rules', () => {
  test.each(['reviewed', 'release'] as const)('deny a plan that claims to be %s', (level) => {
    expect(decideLocalRun(facts({ level }))).toMatchObject({ permitted: false, denials: [{ rule: 'local-level' }] });
  });

  test('release the secrets that the person gave, and no others', () => {
    const permit = permitOf(facts());

    expect(permit.releases('KEY')).toBe(true);
    expect(permit.releases('OTHER')).toBe(false);
  });

  test('release no secret to an untrusted plan, and say so', () => {
    const decision = decideLocalRun(facts({ level: 'untrusted' }));

    expect(decision).toMatchObject({ permitted: true, withheld: [{ rule: 'untrusted-secrets' }] });
    expect(permitOf(facts({ level: 'untrusted' })).releases('KEY')).toBe(false);
  });

  test('name the secrets that nobody gave, and only at a level that would get them', () => {
    const jobs = [{ key: 'a', secrets: ['KEY', 'token', 'GITHUB_TOKEN'], permissions: {} }];

    expect(decideLocalRun(facts({ jobs }))).toMatchObject({
      withheld: [
        {
          rule: 'secret-missing',
          message: 'Secrets that were not given are empty: TOKEN. --secret NAME asks for one.',
        },
      ],
    });
    expect(decideLocalRun(facts({ jobs, level: 'untrusted' }))).toMatchObject({
      withheld: [{ rule: 'untrusted-secrets' }],
    });
  });

  test('name what a run has to do without', () => {
    const jobs = [{ key: 'deploy', secrets: [], permissions: { 'id-token': 'write' }, environment: 'prod' }];

    expect(decideLocalRun(facts({ jobs }))).toMatchObject({
      withheld: [{ rule: 'local-id-token' }, { rule: 'local-environment' }],
    });
  });
});

describe('a permit', () => {
  test.each([
    ['the plan it was given for', PLAN, 1000, true],
    ['another plan', digestOf('other'), 1000, false],
    ['a time before it was given', PLAN, 999, false],
    ['its last moment', PLAN, 1000 + PERMIT_MS_MAX - 1, true],
    ['its end', PLAN, 1000 + PERMIT_MS_MAX, false],
  ])('is asked about %s', (_what, digest, now, covered) => {
    expect(permitOf(facts()).covers(digest, now)).toBe(covered);
  });

  test('can neither be copied nor changed nor read', () => {
    const permit = permitOf(facts());

    expect(Object.keys(permit).includes('covers')).toBe(false);
    expect(JSON.stringify(permit)).toBe('{}');
    expect(inspect(permit)).not.toContain('KEY');
  });
});
