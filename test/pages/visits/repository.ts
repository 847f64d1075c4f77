import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fact, NOT_FOUND, type Visits, type World } from '../visit.ts';

const README = `# app

A [guide](docs/guide.md), [the web](https://example.org/), a ![picture](logo.png), ![another server's](https://example.org/x.png) and <b>no HTML</b>.

- [x] done
- [ ] open

| name | meaning |
|---|---|
| one | 1 |

\`\`\`ts
export const one: number = 1;
\`\`\`
`;
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const CODE = `/** Adds. */
export function add(one: number, other: number): number {
  return one + other;
}
`;

export async function seed(world: World): Promise<void> {
  const { tree, product, facts } = world;
  await mkdir(join(tree.folder, 'docs'), { recursive: true });
  await writeFile(join(tree.folder, 'logo.png'), PNG);
  await writeFile(join(tree.folder, 'data.bin'), Buffer.from([0, 1, 2, 3]));
  await tree.push(
    {
      'README.md': README,
      'docs/guide.md': '# Guide\n\nBack to [the top](../README.md#app).\n',
      'src/deep/add.ts': CODE,
      'src/long.ts': Array.from({ length: 3000 }, (_, at) => `export const value${at} = ${at};`).join('\n'),
      'src/hidden.ts': "if (role !== 'admin\u202e \u2066// only admins\u2069 \u2066') {}\n",
    },
    { message: 'Add the first files\n\nWith a body that says why.' },
  );
  facts.set(
    'commit.files',
    await tree.push(
      { 'src/deep/add.ts': CODE.replace('one + other', 'other + one') },
      { message: 'Add the other way round' },
    ),
  );
  await tree.git('mv', 'docs/guide.md', 'docs/manual.md');
  facts.set('commit.move', await tree.push({ 'docs/more.md': 'more\n' }, { message: 'Move the guide' }));
  await tree.git('tag', '-a', 'v1.0.0', '-m', 'The first');
  await tree.git('push', '-q', 'origin', 'v1.0.0');
  await tree.push({ 'topic.txt': 'on the topic\n' }, { branch: 'topic/a-branch', message: 'Begin a topic' });
  await tree.git('checkout', '-q', 'main');
  await product.must(['repo', 'create', 'acme/empty']);
  await product.must(['repo', 'create', 'acme/old']);
  await world.ask('PATCH', '/api/v1/repositories/acme/old', { state: 'archived' });
}

const APP = '/acme/app';
const REPOSITORY = ':owner/:name';

export const visits: Visits['visits'] = [
  { route: '-/repositories', state: 'some', path: () => '/-/repositories' },
  { route: '-/repositories/new', state: 'empty form', path: () => '/-/repositories/new' },
  {
    route: '-/repositories/new',
    state: 'refused',
    path: () => '/-/repositories/new',
    ready: async (page) => {
      await page.getByLabel('Owner').fill('acme');
      await page.getByLabel('Name').fill('app');
      await page.getByRole('button', { name: 'Create repository' }).click();
      await page.getByText('repo/name-taken').waitFor();
    },
    allowed: [/status of 409/],
  },
  {
    route: REPOSITORY,
    state: 'files and README',
    path: () => APP,
    ready: (page) => page.getByText('no HTML').waitFor(),
  },
  { route: REPOSITORY, state: 'empty', path: () => '/acme/empty', allowed: [NOT_FOUND] },
  { route: REPOSITORY, state: 'archived', path: () => '/acme/old', allowed: [NOT_FOUND] },
  { route: REPOSITORY, state: 'not there', path: () => '/acme/nothing', allowed: [NOT_FOUND] },
  {
    route: REPOSITORY,
    state: 'branches are chosen',
    path: () => APP,
    ready: async (page) => {
      await page.getByRole('button', { name: /^Branch or tag/ }).click();
      await page.getByRole('option', { name: 'v1.0.0 tag' }).waitFor();
    },
  },
  { route: `${REPOSITORY}/tree/:ref/*`, state: 'a folder', path: () => `${APP}/tree/main/src/deep` },
  { route: `${REPOSITORY}/tree/:ref/*`, state: 'a branch with a slash', path: () => `${APP}/tree/topic%2Fa-branch` },
  { route: `${REPOSITORY}/tree/:ref/*`, state: 'no such branch', path: () => `${APP}/tree/gone`, allowed: [NOT_FOUND] },
  { route: `${REPOSITORY}/blob/:ref/*`, state: 'code', path: () => `${APP}/blob/main/src/deep/add.ts#L2-L3` },
  { route: `${REPOSITORY}/blob/:ref/*`, state: 'Markdown', path: () => `${APP}/blob/main/docs/manual.md` },
  { route: `${REPOSITORY}/blob/:ref/*`, state: 'long code', path: () => `${APP}/blob/main/src/long.ts#L2500` },
  { route: `${REPOSITORY}/blob/:ref/*`, state: 'hidden characters', path: () => `${APP}/blob/main/src/hidden.ts` },
  { route: `${REPOSITORY}/blob/:ref/*`, state: 'a picture', path: () => `${APP}/blob/main/logo.png` },
  { route: `${REPOSITORY}/blob/:ref/*`, state: 'no text', path: () => `${APP}/blob/main/data.bin` },
  {
    route: `${REPOSITORY}/blob/:ref/*`,
    state: 'not there',
    path: () => `${APP}/blob/main/gone.ts`,
    allowed: [NOT_FOUND],
  },
  { route: `${REPOSITORY}/commits/:ref?`, state: 'all', path: () => `${APP}/commits` },
  {
    route: `${REPOSITORY}/commits/:ref?`,
    state: 'of one path',
    path: () => `${APP}/commits/main?path=src/deep/add.ts`,
  },
  {
    route: `${REPOSITORY}/commits/:ref?`,
    state: 'of a path that never was',
    path: () => `${APP}/commits/main?path=gone`,
  },
  {
    route: `${REPOSITORY}/commit/:sha`,
    state: 'unified',
    path: (world) => `${APP}/commit/${fact(world, 'commit.files')}`,
  },
  {
    route: `${REPOSITORY}/commit/:sha`,
    state: 'side by side',
    path: (world) => `${APP}/commit/${fact(world, 'commit.files')}`,
    ready: (page) => page.getByText('Side by side').click(),
  },
  {
    route: `${REPOSITORY}/commit/:sha`,
    state: 'a move',
    path: (world) => `${APP}/commit/${fact(world, 'commit.move')}`,
  },
  {
    route: `${REPOSITORY}/commit/:sha`,
    state: 'not there',
    path: () => `${APP}/commit/${'0'.repeat(40)}`,
    allowed: [NOT_FOUND],
  },
  { route: `${REPOSITORY}/compare`, state: 'a topic', path: () => `${APP}/compare?base=main&head=topic/a-branch` },
  { route: `${REPOSITORY}/compare`, state: 'nothing new', path: () => `${APP}/compare?base=main&head=main` },
  { route: `${REPOSITORY}/branches`, state: 'some', path: () => `${APP}/branches` },
  { route: `${REPOSITORY}/branches`, state: 'none', path: () => '/acme/empty/branches' },
  { route: `${REPOSITORY}/tags`, state: 'some', path: () => `${APP}/tags` },
  { route: `${REPOSITORY}/tags`, state: 'none', path: () => '/acme/empty/tags' },
  { route: `${REPOSITORY}/settings`, state: 'all', path: () => `${APP}/settings` },
  {
    route: `${REPOSITORY}/settings`,
    state: 'asked before deletion',
    path: () => `${APP}/settings`,
    ready: (page) => page.getByRole('button', { name: 'Delete this repository' }).click(),
  },
];
