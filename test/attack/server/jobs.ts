import { generateKeyPairSync } from 'node:crypto';
import {
  APP,
  CACHE_MIB_MAX,
  digestOf,
  isDone,
  isRefusal,
  OTHER,
  registration,
  type ServerAttack,
  takeOf,
  type Taken,
  verdictOf,
} from './rig.ts';

const STATUS = { state: 'success', context: 'review' };

/** R30: the token of a job is worth what its plan says, in its repository, while it runs. */
const tokens: readonly ServerAttack[] = [
  {
    id: 'R30-token-after-job',
    title: 'the token of a job that has ended',
    controls: ['K10'],
    async attempt(rig) {
      const job = await rig.take();
      const look = () => rig.ask('GET', `/api/v1/repositories/${APP}`, { token: job.jobToken });
      const shaped = () => rig.ask('GET', `/api/v3/repos/${APP}/commits`, { token: job.jobToken });
      const git = () => rig.ask('GET', `/${APP}.git/info/refs?service=git-upload-pack`, { token: job.jobToken });
      const before = { api: await look(), shaped: await shaped(), git: await git() };
      await rig.runner.finish(job);
      return verdictOf({ api: await look(), shaped: await shaped(), git: await git() }, before);
    },
  },
  {
    id: 'R30-token-beyond-permissions',
    title: 'the token of a job that may only read writes a status, a branch, a run',
    controls: ['K10'],
    async attempt(rig) {
      const path = `/api/v3/repos/${APP}/statuses/${rig.commit}`;
      const [narrow, wide] = [await rig.take(), await rig.take(APP, 'wide.yml')];
      const token = narrow.jobToken;
      const refused = {
        status: await rig.ask('POST', path, { token, json: STATUS }),
        push: await rig.ask('GET', `/${APP}.git/info/refs?service=git-receive-pack`, { token }),
        dispatch: await rig.ask('POST', `/api/v1/repositories/${APP}/dispatches`, {
          token,
          json: { workflow: 'one.yml' },
        }),
        tokens: await rig.ask('POST', '/api/v1/tokens', { token, json: { name: 'x', scopes: ['repository.read'] } }),
      };
      const succeeded = { status: await rig.ask('POST', path, { token: wide.jobToken, json: STATUS }) };
      for (const job of [narrow, wide]) await rig.runner.finish(job);
      return verdictOf(refused, succeeded);
    },
  },
  {
    id: 'R30-token-other-repository',
    title: 'the token of a job reads another repository',
    controls: ['K10'],
    async attempt(rig) {
      const job = await rig.take(OTHER);
      const token = job.jobToken;
      const read = (of: string) => rig.ask('GET', `/api/v1/repositories/${of}/refs`, { token });
      const git = (of: string) => rig.ask('GET', `/${of}.git/info/refs?service=git-upload-pack`, { token });
      const verdict = verdictOf(
        { api: await read(APP), git: await git(APP) },
        { api: await read(OTHER), git: await git(OTHER) },
      );
      await rig.runner.finish(job);
      return verdict;
    },
  },
  {
    id: 'R30-token-registers-runner',
    title: 'the token of a job invites a runner, and is used as an invitation',
    controls: ['K10'],
    async attempt(rig) {
      const job = await rig.take(APP, 'wide.yml');
      const path = '/api/v1/runners/registrations';
      const { privateKey } = generateKeyPairSync('ed25519');
      const register = (token: string) =>
        rig.ask('POST', '/runner/v1/register', { json: registration(token, 'planted', privateKey) });
      const refused = {
        invite: await rig.ask('POST', path, { token: job.jobToken, json: { labels: ['hostile'] } }),
        register: await register(job.jobToken),
        session: await rig.ask('POST', '/runner/v1/poll', {
          token: job.jobToken,
          json: { version: 1, waitMs: 0, walls: [] },
        }),
      };
      const invited = await rig.ask('POST', path, { token: rig.people.ada, json: { labels: ['hostile'] } });
      const { token = '' } = JSON.parse(invited.text) as { token?: string };
      const succeeded = { invite: invited, register: await register(token) };
      const again = { again: await register(token) };
      await rig.runner.finish(job);
      return verdictOf({ ...refused, ...again }, succeeded);
    },
  },
];

/** A runner that was let in, and lies. */
const runners: readonly ServerAttack[] = [
  {
    id: 'K21-runner-stale-lease',
    title: 'a runner writes to a job that it gave back',
    controls: ['K21'],
    async attempt(rig) {
      const job = await rig.take();
      const put = (name: string) => rig.runner.results(job, 'PUT', artifact(name), { body: Buffer.from('x') });
      const before = { log: await rig.runner.log(job, 0, Buffer.from('{}\n')), put: await put('before') };
      await rig.runner.finish(job, 3);
      return verdictOf({ log: await rig.runner.log(job, 3, Buffer.from('{}\n')), put: await put('after') }, before);
    },
  },
  {
    id: 'K21-runner-other-job',
    title: 'a runner uses the job, and even the lease token, of another runner',
    controls: ['K21'],
    async attempt(rig) {
      const job = await rig.take();
      const other = await takeOf(rig.rival, await rig.dispatch(APP, 'one.yml'));
      const line = Buffer.from('{}\n');
      const refused = {
        id: await rig.rival.log({ ...other, jobId: job.jobId }, 0, line),
        token: await rig.rival.log(job, 0, line),
        finish: await rig.rival.finish(job),
        results: await rig.rival.results(job, 'GET', '/artifacts'),
      };
      const succeeded = {
        log: await rig.rival.log(other, 0, line),
        results: await rig.runner.results(job, 'GET', '/artifacts'),
        finish: await rig.runner.finish(job),
      };
      await rig.rival.finish(other, line.length);
      return verdictOf(refused, succeeded);
    },
  },
  {
    id: 'K21-runner-replayed-signature',
    title: 'a session signature that was overheard, and one with a byte changed',
    controls: ['K21'],
    async attempt(rig) {
      const signed = rig.runner.signed();
      const open = (json: object) => rig.ask('POST', '/runner/v1/session', { json });
      const first = await open(signed);
      const refused = { replayed: await open(signed), changed: await open({ ...signed, nonce: 'A'.repeat(22) }) };
      return verdictOf(refused, { first });
    },
  },
  {
    id: 'K21-runner-log-gap',
    title: 'a runner leaves a gap in the log, or writes over what is there',
    controls: ['K21'],
    async attempt(rig) {
      const job = await rig.take();
      const line = Buffer.from('{"kind":"log","time":1,"step":"a","text":"true"}\n');
      const lie = Buffer.from('{"kind":"log","time":1,"step":"a","text":"lie!"}\n');
      const first = await rig.runner.log(job, 0, line);
      const gap = await rig.runner.log(job, line.length + 10, line);
      const over = await rig.runner.log(job, 0, lie);
      const next = await rig.runner.log(job, line.length, line);
      await rig.runner.finish(job, line.length * 2);
      const path = `/api/v1/repositories/${APP}/runs/${job.runId}/jobs/${job.jobId}/log`;
      const kept = (await rig.ask('GET', path, { token: rig.people.ada })).text;
      const { succeeded, ...rest } = verdictOf({ gap }, { first, next });
      const isKept = !kept.includes('lie!') && kept.includes('true');
      return {
        refused: rest.refused && isKept,
        succeeded,
        detail: isKept ? rest.detail : `${rest.detail} over: ${over.status} kept: ${kept.slice(0, 200)}`,
      };
    },
  },
  {
    id: 'K21-runner-refusal-flood',
    title: 'a runner fills the audit log with requests that are refused',
    controls: ['K16', 'K21'],
    async attempt(rig) {
      const job = await rig.take();
      const line = Buffer.from('{}\n');
      for (let n = 0; n < 150; n += 1) await rig.rival.log(job, 0, line);
      const path = '/api/v1/audit?action=lease.refuse&limit=100';
      const listed = await rig.ask('GET', path, { token: rig.people.ada });
      const { items } = JSON.parse(listed.text) as { items: { body: { detail: { refusals?: number } } }[] };
      const counts = items.map(({ body }) => body.detail.refusals ?? 1);
      await rig.runner.finish(job);
      return {
        refused: items.length < 80,
        // What was not told by itself is told by its number.
        succeeded: items.length > 10 && Math.max(...counts) >= 64,
        detail: `${items.length} entries, ${Math.max(...counts)} at most in one`,
      };
    },
  },
  {
    id: 'K21-runner-log-size',
    title: 'a runner ends a job with more log than it sent',
    controls: ['K21'],
    async attempt(rig) {
      const job = await rig.take();
      const lie = await rig.runner.finish(job, 1_000_000);
      return verdictOf({ lie }, { truth: await rig.runner.finish(job, 0) });
    },
  },
  {
    id: 'K21-runner-other-results',
    title: 'a job asks for artifacts and caches of another repository by their ids',
    controls: ['K21', 'K6'],
    async attempt(rig) {
      const [mine, theirs] = [await rig.take(APP), await rig.take(OTHER)];
      const { runner } = rig;
      const body = Buffer.from('private');
      const put = await runner.results(mine, 'PUT', artifact('private'), { body });
      const cached = await runner.results(mine, 'PUT', '/caches?key=private&version=v', { body });
      const { id } = JSON.parse(put.text) as { id: number };
      const entry = (JSON.parse(cached.text) as { entry: { id: number } }).entry.id;
      const refused = {
        artifact: await runner.results(theirs, 'GET', `/artifacts/${id}`),
        cache: await runner.results(theirs, 'GET', `/caches/${entry}`),
      };
      const listed = await runner.results(theirs, 'GET', `/artifacts?id=${id}`);
      const removed = await runner.results(theirs, 'DELETE', '/artifacts?name=private');
      const succeeded = {
        artifact: await runner.results(mine, 'GET', `/artifacts/${id}`),
        cache: await runner.results(mine, 'GET', `/caches/${entry}`),
      };
      for (const job of [mine, theirs]) await runner.finish(job);
      const verdict = verdictOf(refused, succeeded);
      const isBlind = !listed.text.includes('private') && !removed.text.includes(String(id));
      return { ...verdict, refused: verdict.refused && isBlind };
    },
  },
];

const NAMES = [
  '../up',
  '..',
  'a/../../b',
  '/etc/passwd',
  'a\\b',
  'nul\0',
  'C:x',
  'a\nb',
  'a"b',
  'a*b',
  'x'.repeat(999),
];
const artifact = (name: string, digest?: string) =>
  `/artifacts?${new URLSearchParams({ name, mimeType: 'text/plain', ...(digest === undefined ? {} : { digest }) })}`;

const results: readonly ServerAttack[] = [
  {
    id: 'R44-artifact-names',
    title: 'names of artifacts that lead out of a folder',
    controls: ['K29'],
    async attempt(rig) {
      const job = await rig.take();
      const put = (name: string) => rig.runner.results(job, 'PUT', artifact(name), { body: Buffer.from('x') });
      const taken: string[] = [];
      for (const name of NAMES) if (!isRefusal(await put(name))) taken.push(JSON.stringify(name).slice(0, 40));
      const control = await put('plain name-1.txt');
      await rig.runner.finish(job);
      return { refused: taken.length === 0, succeeded: isDone(control), detail: taken.join(' ') };
    },
  },
  {
    id: 'R44-artifact-digest',
    title: 'an artifact with another digest than its bytes have',
    controls: ['K29'],
    async attempt(rig) {
      const job = await rig.take();
      const put = (name: string, digest: string) =>
        rig.runner.results(job, 'PUT', artifact(name, digest), { body: Buffer.from('true') });
      const verdict = verdictOf(
        { lie: await put('lie', digestOf('lie')) },
        { truth: await put('truth', digestOf('true')) },
      );
      const listed = await rig.runner.results(job, 'GET', '/artifacts?name=lie');
      await rig.runner.finish(job);
      return { ...verdict, refused: verdict.refused && !listed.text.includes('"lie"') };
    },
  },
  {
    id: 'R44-artifact-replaced',
    title: 'a job of another run puts its own artifact in the place of one',
    controls: ['K29'],
    async attempt(rig) {
      const [mine, theirs] = [await rig.take(APP), await rig.take(APP, 'wide.yml')];
      const { runner } = rig;
      await runner.results(mine, 'PUT', artifact('build'), { body: Buffer.from('good') });
      await runner.results(theirs, 'PUT', artifact('build'), { body: Buffer.from('bad') });
      const read = async (job: typeof mine) => {
        const listed = await runner.results(job, 'GET', '/artifacts?name=build');
        const { artifacts } = JSON.parse(listed.text) as { artifacts: { id: number }[] };
        return (await runner.results(job, 'GET', `/artifacts/${artifacts[0]?.id ?? 0}`)).text;
      };
      const [good, bad] = [await read(mine), await read(theirs)];
      for (const job of [mine, theirs]) await runner.finish(job);
      return { refused: good === 'good', succeeded: bad === 'bad', detail: `${good} ${bad}`.slice(0, 200) };
    },
  },
  {
    id: 'R19-server-cache-poison',
    title: 'a branch saves caches under a prefix and a key that the default branch restores',
    controls: ['K6'],
    async attempt(rig) {
      const branch = await rig.clone(APP, 'bob');
      await branch.must(['push', '-q', 'origin', 'HEAD:evil']);
      const evil = () => rig.take(APP, 'one.yml', 'evil');
      const { runner } = rig;
      const put = (job: Awaited<ReturnType<typeof evil>>, key: string, text: string) =>
        runner.results(job, 'PUT', `/caches?key=${key}&version=v`, { body: Buffer.from(text) });
      const find = async (job: Awaited<ReturnType<typeof evil>>, ...keys: readonly string[]) => {
        const found = await runner.results(job, 'POST', '/caches/find', { json: { keys, version: 'v' } });
        const { entry } = JSON.parse(found.text) as { entry?: { id: number } };
        return entry === undefined ? undefined : (await runner.results(job, 'GET', `/caches/${entry.id}`)).text;
      };
      const [first, main] = [await evil(), await rig.take()];
      await put(first, 'deps-1-zzz', 'bad');
      const byPrefix = await find(main, 'deps-1', 'deps-');
      await put(main, 'deps-1', 'good');
      await put(first, 'deps-1', 'bad');
      const byKey = await find(main, 'deps-1', 'deps-');
      const second = await evil();
      const own = await find(second, 'deps-1-z');
      for (const job of [first, main, second]) await runner.finish(job);
      return {
        refused: byPrefix === undefined && byKey === 'good',
        succeeded: own === 'bad',
        detail: `prefix ${byPrefix}, key ${byKey}, own ${own}`,
      };
    },
  },
  {
    id: 'R19-server-evict-and-write',
    title: 'caches are flooded until that of the default branch is gone, and its key is written anew',
    controls: ['K6'],
    async attempt(rig) {
      const branch = await rig.clone(APP, 'bob');
      await branch.must(['push', '-q', '-f', 'origin', 'HEAD:flood']);
      const [main, bad, far] = [await rig.take(), await rig.take(APP, 'one.yml', 'flood'), await rig.take(OTHER)];
      const { runner } = rig;
      const part = Buffer.alloc((CACHE_MIB_MAX * 1024 * 1024) / 4);
      const put = (job: Taken, key: string, body: Buffer) =>
        runner.results(job, 'PUT', `/caches?key=${key}&version=q`, { body });
      const find = async (job: Taken, ...keys: readonly string[]) => {
        const found = await runner.results(job, 'POST', '/caches/find', { json: { keys, version: 'q' } });
        const { entry } = JSON.parse(found.text) as { entry?: { id: number } };
        return entry === undefined ? undefined : (await runner.results(job, 'GET', `/caches/${entry.id}`)).text;
      };
      await put(main, 'kept', Buffer.from('good'));
      // From another repository first: quotas are of one.
      for (let n = 0; n < 8; n += 1) await put(far, `far-${n}`, Buffer.concat([part.fill(n), Buffer.from('far')]));
      const afterFar = await find(main, 'kept');
      for (let n = 0; n < 8; n += 1) await put(bad, `near-${n}`, Buffer.concat([part.fill(n), Buffer.from('near')]));
      await put(bad, 'kept', Buffer.from('bad'));
      const [afterNear, own, first] = [
        await find(main, 'kept', 'k'),
        await find(bad, 'kept'),
        await find(bad, 'near-0'),
      ];
      for (const job of [main, bad, far]) await runner.finish(job);
      return {
        refused: afterFar === 'good' && afterNear !== 'bad',
        // The flood did what floods do: the writer has its own entry, and what came first went.
        succeeded: own === 'bad' && first === undefined,
        detail: `after far ${afterFar}, after near ${afterNear}, own ${own}, first ${first?.length}`,
      };
    },
  },
  {
    id: 'K21-queue-flood',
    title: 'one repository floods the queue before another asks',
    controls: ['K21'],
    async attempt(rig) {
      const flood = await rig.dispatch(APP, 'flood.yml');
      const other = await rig.dispatch(OTHER, 'one.yml');
      const first = await takeOf(rig.runner, flood);
      const got: string[] = [];
      for (let at = 0; at < 3 && !got.includes(OTHER); at += 1) {
        const next = await rig.runner.poll();
        if (next === undefined) continue;
        got.push(next.repository);
        await rig.runner.finish(next);
      }
      await rig.runner.finish(first);
      const cancel = `/api/v1/repositories/${APP}/runs/${flood}/cancel`;
      await rig.ask('POST', cancel, { token: rig.people.ada, json: { force: true } });
      // By the order in which they came, the other one would be the last of 41.
      return { refused: got.includes(OTHER), succeeded: other > flood, detail: `after the first: ${got.join(', ')}` };
    },
  },
];

export const attacks: readonly ServerAttack[] = [...tokens, ...runners, ...results];
