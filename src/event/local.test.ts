import { describe, expect, test } from 'vitest';
import type { DataObject } from '../base/index.ts';
import { githubContext } from './context.ts';
import type { GitFacts } from './event.ts';
import { commitNames, type LocalEventOptions, localEvent } from './local.ts';
import { parsePayload } from './payload.ts';

const COMMIT = 'c'.repeat(40);
const BASE = 'b'.repeat(40);
const facts: GitFacts = {
  owner: 'ada',
  name: 'engine',
  repositoryId: 1,
  ownerId: 2,
  defaultBranch: 'main',
  branch: 'feature/x',
  commit: COMMIT,
  dirty: false,
  head: {
    commit: COMMIT,
    tree: 't',
    parent: BASE,
    message: 'subject\n\nbody',
    timestamp: '2026-01-01T00:00:00Z',
    author: { name: 'Ada', email: 'ada@example.org' },
    committer: { name: 'Ada', email: 'ada@example.org' },
  },
  commits: { 'refs/heads/main': BASE, [BASE]: BASE },
};
const make = (options: Partial<LocalEventOptions> = {}) =>
  localEvent({ facts, actor: { login: 'ada', id: 3 }, serverUrl: 'http://sallyport.localhost', now: 0, ...options });

const change = (head: DataObject | null, more: DataObject = {}): DataObject => ({
  action: 'opened',
  number: 5,
  pull_request: {
    number: 5,
    user: { login: 'ada', type: 'User' },
    head: { ref: 'topic', sha: 'a'.repeat(40), repo: head },
    base: { ref: 'main', sha: BASE, repo: { full_name: 'ada/engine' } },
    ...more,
  },
});

describe('an event that the person makes', () => {
  test('is a push of the current branch, with a payload as GitHub shapes it', () => {
    const event = make();

    expect(event).toMatchObject({
      name: 'push',
      ref: 'refs/heads/feature/x',
      sha: COMMIT,
      level: 'branch',
      taints: [],
    });
    expect(event.payload).toMatchObject({
      ref: 'refs/heads/feature/x',
      before: BASE,
      after: COMMIT,
      repository: { full_name: 'ada/engine', default_branch: 'main' },
      head_commit: { id: COMMIT, message: 'subject\n\nbody' },
      sender: { login: 'ada' },
    });
  });

  test('of a change request has merge ref, head and base', () => {
    const event = make({ eventName: 'pull_request' });

    expect(event).toMatchObject({
      ref: 'refs/pull/1/merge',
      headRef: 'feature/x',
      baseRef: 'main',
      baseSha: BASE,
      sha: COMMIT,
      level: 'branch',
    });
    expect(event.payload).toMatchObject({ pull_request: { head: { sha: COMMIT }, base: { sha: BASE } } });
  });

  test('of pull_request_target runs the base, not the change', () => {
    expect(make({ eventName: 'pull_request_target' })).toMatchObject({ ref: 'refs/heads/main', sha: BASE });
  });

  test('of a schedule is on the default branch, and one with a detached HEAD says what it took', () => {
    const { branch: _, ...detached } = facts;

    expect(make({ eventName: 'schedule' }).ref).toBe('refs/heads/main');
    expect(make({ facts: { ...detached, tag: 'v1' } })).toMatchObject({ ref: 'refs/tags/v1', refType: 'tag' });
    expect(make({ facts: detached })).toMatchObject({
      ref: 'refs/heads/main',
      notes: [expect.stringContaining('No branch')],
    });
  });

  test.each(['', 'Push', 'workflow_call', '../x', 'a'.repeat(100)])('named %j is refused', (eventName) => {
    expect(() => make({ eventName })).toThrow(expect.objectContaining({ code: 'event/name-unknown' }));
  });
});

/** The table of trust levels, row by row; the payload comes from outside. */
describe('the level of an event from a payload', () => {
  test.each<[string, string, DataObject, string]>([
    ['a push', 'push', { ref: 'refs/heads/main', commits: [] }, 'branch'],
    ['a change of the same repository', 'pull_request', change({ full_name: 'Ada/Engine' }), 'branch'],
    ['a change of a fork', 'pull_request', change({ full_name: 'eve/engine' }), 'untrusted'],
    ['a change whose repository is gone', 'pull_request', change(null), 'untrusted'],
    [
      'a change without a base repository',
      'pull_request',
      change({ full_name: 'x/y' }, { base: { ref: 'main' } }),
      'untrusted',
    ],
    ['a change of a fork, run on its target', 'pull_request_target', change({ full_name: 'eve/engine' }), 'untrusted'],
    [
      'a change by a bot',
      'pull_request',
      change({ full_name: 'ada/engine' }, { user: { login: 'dep[bot]' } }),
      'untrusted',
    ],
    ['an issue', 'issues', { action: 'opened', issue: { title: 'x' } }, 'untrusted'],
    ['a comment', 'issue_comment', { action: 'created' }, 'untrusted'],
    ['a review', 'pull_request_review', { ...change({ full_name: 'ada/engine' }), review: {} }, 'untrusted'],
    ['an event that nobody knows', 'something_new', {}, 'untrusted'],
    ['a dispatch', 'repository_dispatch', { action: 'go', client_payload: {} }, 'branch'],
    [
      'a run that a fork caused',
      'workflow_run',
      {
        workflow_run: {
          event: 'pull_request',
          head_repository: { full_name: 'eve/engine' },
          repository: { full_name: 'ada/engine' },
        },
      },
      'untrusted',
    ],
    [
      'a run that a push caused',
      'workflow_run',
      {
        workflow_run: {
          event: 'push',
          head_repository: { full_name: 'ada/engine' },
          repository: { full_name: 'ada/engine' },
        },
      },
      'branch',
    ],
    [
      'a run that an issue caused',
      'workflow_run',
      {
        workflow_run: {
          event: 'issues',
          head_repository: { full_name: 'ada/engine' },
          repository: { full_name: 'ada/engine' },
        },
      },
      'untrusted',
    ],
    ['a run that does not say what caused it', 'workflow_run', { workflow_run: {} }, 'untrusted'],
  ])('of %s', (_what, eventName, payload, level) => {
    const event = make({ eventName, payload });

    expect(event.level).toBe(level);
    expect(event.taints).toHaveLength(level === 'untrusted' ? 1 : 0);
  });

  test('follows the payload also when the event name is guessed from it', () => {
    expect(make({ payload: change({ full_name: 'eve/engine' }) })).toMatchObject({
      name: 'pull_request',
      level: 'untrusted',
    });
  });
});

describe('a payload', () => {
  test.each([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['a text', '"x"'],
    ['nothing', ''],
    ['too deep', `${'{"a":'.repeat(80)}1${'}'.repeat(80)}`],
  ])('that is %s is refused', (_what, text) => {
    expect(() => parsePayload(text)).toThrow(expect.objectContaining({ code: 'event/payload-invalid' }));
  });

  test('with a member __proto__ changes nothing but itself', () => {
    const payload = parsePayload('{"__proto__": {"polluted": true}}');

    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(Object.keys(payload)).toEqual(['__proto__']);
  });

  test.each([
    { ref: 'refs/heads/../x', commits: [] },
    { ref: 'refs/heads/a b', commits: [] },
    { ref: 'refs/notes/x', commits: [] },
    { ref: `refs/heads/${'x'.repeat(300)}`, commits: [] },
  ])('with a ref that git would not take is refused: %j', (payload) => {
    expect(() => make({ eventName: 'push', payload })).toThrow(expect.objectContaining({ code: 'event/ref-invalid' }));
  });

  test.each([
    { number: 'x', pull_request: {} },
    { number: -1, pull_request: {} },
    { number: 1.5, pull_request: {} },
    { pull_request: { number: '1/../..' } },
  ])('with a number that is none is refused: %j', (payload) => {
    expect(() => make({ eventName: 'pull_request', payload })).toThrow(
      expect.objectContaining({ code: 'event/payload-invalid' }),
    );
  });

  test('only names refs and commits to look up, never options', () => {
    const names = commitNames(change({ full_name: 'x/y' }, { base: { ref: 'main', sha: '--exec=x' } }), 'main');

    expect(names).toEqual(['refs/heads/main', 'refs/heads/main', 'a'.repeat(40)]);
  });
});

test('the github context has the fields that GitHub documents, from the person and not from the payload', () => {
  const payload = {
    ...change({ full_name: 'eve/engine' }),
    sender: { login: 'eve' },
    repository: { full_name: 'eve/other' },
  };
  const event = make({ eventName: 'pull_request', payload });

  const github = githubContext(event, {
    runId: 9,
    runNumber: 4,
    attempt: 2,
    workflowName: 'CI',
    workflowPath: '.github/workflows/ci.yml',
    serverUrl: 'http://sallyport.localhost',
    retentionDays: 90,
  });

  expect(github).toMatchObject({
    actor: 'ada',
    event_name: 'pull_request',
    repository: 'ada/engine',
    repository_owner: 'ada',
    ref_name: '5/merge',
    head_ref: 'topic',
    base_ref: 'main',
    run_id: '9',
    run_attempt: '2',
    workflow_ref: 'ada/engine/.github/workflows/ci.yml@refs/pull/5/merge',
    secret_source: 'None',
  });
});
