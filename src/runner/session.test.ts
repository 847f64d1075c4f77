import { expect, test } from 'vitest';
import { Secret, silentLog, systemClock } from '../base/index.ts';
import type { JobEvent } from '../protocol/index.ts';
import { createMasker } from './masks.ts';
import { MatcherSet } from './matchers.ts';
import { Session, type SessionParts } from './session.ts';

/** A session that no process will ever be started in: only what its state needs is there. */
function session(events: JobEvent[]): Session {
  const parts: Omit<SessionParts, 'pod' | 'network'> = {
    lease: {
      version: 1,
      id: 'one',
      runId: 1,
      runNumber: 1,
      attempt: 1,
      job: {
        id: 1,
        key: 'build',
        definitionId: 'build',
        name: 'build',
        definition: {
          kind: 'job',
          id: 'build',
          needs: [],
          if: { kind: 'condition', expression: 'success()', at: { line: 1, column: 1 } },
          runsOn: { labels: 'ubuntu-latest', at: { line: 1, column: 1 } },
          outputs: [],
          steps: [],
          at: { line: 1, column: 1 },
        },
      },
      level: 'branch',
      taints: [],
      workflowPath: '.github/workflows/ci.yml',
      contexts: { github: {} },
      permissions: {},
      influenced: { inputs: [], needs: [], matrix: false },
      egress: { allow: [], allowPrivate: [] },
      isolation: 'per-job',
      git: { gitDir: '/nowhere', commit: '0'.repeat(40) },
      readableRefs: [],
      actions: {},
      locked: false,
      builtin: true,
      debug: false,
    },
    secrets: { KEY: new Secret('hunter2-hunter2') },
    gateway: {
      onConnection() {},
      serverUrl: 'http://sallyport.localhost:1',
      runtimeToken: new Secret('runtime'),
      jobToken: new Secret('job-token'),
      actionEnvironment: () => ({}),
      close: async () => {},
    },
    masker: createMasker(),
    matchers: new MatcherSet(),
    clock: systemClock,
    log: silentLog,
    cancel: { state: 'none', onChange: () => () => {} },
    paths: { workspace: '/w', temp: '/t', toolCache: '/c', home: '/h', eventFile: '/e' },
    runner: {},
    toolchain: { searchPath: '/usr/bin', variables: {} },
    baseMounts: [],
    emit: (event) => events.push(event),
  };
  // No test of this file starts a process: the sandbox and its network are never touched.
  return new Session(parts as SessionParts);
}

test('K1 a level only drops, and each drop is reported with its cause', () => {
  const events: JobEvent[] = [];
  const state = session(events);

  state.drop('untrusted', 'artifact', 'an artifact of a fork', 'download');
  state.drop('release', 'artifact', 'nothing rises');

  expect(state.level).toBe('untrusted');
  expect(events).toMatchObject([{ kind: 'taint', taint: { level: 'untrusted', cause: 'artifact', step: 'download' } }]);
});

test('K1 after a drop to untrusted no step sees a secret, not even through a variable of the job', () => {
  const state = session([]);
  state.variables.set('URL', { value: 'https://x:hunter2-hunter2@host', influenced: false });
  state.variables.set('PLAIN', { value: 'kept', influenced: false });
  const before = state.baseContexts()['secrets'];

  state.drop('untrusted', 'artifact', 'an artifact of a fork');

  expect(before).toHaveProperty('KEY', 'hunter2-hunter2');
  expect(state.baseContexts()['secrets']).not.toHaveProperty('KEY');
  expect([...state.variables.keys()]).toEqual(['PLAIN']);
});
