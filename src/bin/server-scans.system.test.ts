import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gzipSync } from 'node:zlib';
import { type Product, startProduct, until, type WorkTree } from '../../test/product/product.ts';

const WAIT_MS = 90_000;
const CODE = `import express from 'express';
import { exec } from 'node:child_process';
const app = express();
app.get('/run', (request, response) => {
  exec('ls ' + request.query.folder);
  response.end();
});
`;

type Page = { readonly items: readonly { readonly id: number; readonly rule: string; readonly title: string }[] };

let product: Product;
let tree: WorkTree;
let token: string;
beforeAll(async () => {
  product = await startProduct({
    args: ['--unsafe-direct-push'],
    env: { SALLYPORT_RUNNER: 'false', SALLYPORT_UNSAFE_WEBHOOK_HOSTS: 'localhost' },
  });
  token = await product.token();
  await product.must(['repo', 'create', 'acme/app']);
  tree = await product.tree('acme/app');
});
afterAll(() => product[Symbol.asyncDispose]());

const ask = async (path: string, method = 'GET', body?: object) => {
  const response = await product.fetch(`/api/v1/repositories/acme/app${path}`, {
    method,
    token,
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === '' ? {} : JSON.parse(text);
};

/** Of the newest commit of the branch. */
const scanOf = (commit: string) =>
  until(WAIT_MS, async () => {
    const { items } = await ask('/scans');
    return items.find(
      (one: { commit: string; state: string }) => one.commit === commit && ['done', 'failed'].includes(one.state),
    );
  });

describe('a push to the default branch', () => {
  test('is scanned by a process of its own, and a receiver is told of what is new', async () => {
    const told: string[] = [];
    const receiver = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (part: string) => {
        body += part;
      });
      request.on('end', () => {
        told.push(body);
        response.end();
      });
    });
    await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done));
    const address = receiver.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { secret } = await ask('/webhooks', 'POST', {
      kind: 'webhook',
      url: `http://localhost:${port}/`,
      events: ['push', 'findings.opened'],
    });
    const commit = await tree.push({ 'app.js': CODE });
    const scan = await scanOf(commit);
    const { items }: Page = await ask('/findings?kind=code');
    const found = items.find(({ rule }) => /command/.test(rule));
    const detail = await ask(`/findings/${found?.id ?? 0}`);
    const types = await until(WAIT_MS, async () => {
      const all = told.map((body) => JSON.parse(body).type);
      return all.length >= 2 && all;
    });
    receiver.closeAllConnections();
    receiver.close();

    expect(secret).toMatch(/^whsec_/);
    expect(scan).toMatchObject({ state: 'done', cause: 'push' });
    expect(detail.trace.length).toBeGreaterThan(0);
    expect(detail.trace.map(({ code }: { code?: string }) => code).join('\n')).toContain('request.query');
    expect(detail.lesson).toContain('#');
    expect(new Set(types)).toEqual(new Set(['findings.opened', 'push']));
  });

  test('suppresses by a commit on that branch, which a branch can not bring for itself', async () => {
    const { items }: Page = await ask('/findings?kind=code');
    const [first] = items;
    const proposal = await ask(`/findings/${first?.id ?? 0}/suppression`, 'POST', {
      reason: 'only reachable in the test bench',
      expires: new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10),
    });
    const files = { [proposal.path]: proposal.content, 'other.js': CODE.replace('/run', '/other') };
    const branch = await tree.push(files, { branch: 'side' });
    await scanOf(branch);
    const side = await ask('/findings?branch=side');
    expect(side.items.map(({ rule }: { rule: string }) => rule)).toContain('settings-from-change');
    const commit = await tree.push({ [proposal.path]: proposal.content });
    await scanOf(commit);

    const suppressed = await ask('/findings?state=suppressed');

    expect(suppressed.items.map(({ title }: { title: string }) => title)).toContain(first?.title);
  });

  test('takes in what another tool reported about it', async () => {
    const commit = await tree.push({ 'note.txt': 'x\n' });
    const run = {
      tool: { driver: { name: 'othertool', rules: [{ id: 'odd' }] } },
      results: [
        {
          ruleId: 'odd',
          message: { text: 'this is odd' },
          locations: [{ physicalLocation: { artifactLocation: { uri: 'app.js' }, region: { startLine: 3 } } }],
        },
      ],
    };
    const response = await product.fetch('/api/v3/repos/acme/app/code-scanning/sarifs', {
      method: 'POST',
      token,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        commit_sha: commit,
        ref: 'refs/heads/main',
        sarif: gzipSync(JSON.stringify({ version: '2.1.0', runs: [run] })).toString('base64'),
      }),
    });
    expect(response.status).toBe(202);

    const found: Page = await until(WAIT_MS, async () => {
      const page: Page = await ask('/findings?tool=othertool');
      return page.items.length > 0 && page;
    });

    expect(found.items).toMatchObject([{ file: 'app.js', line: 3 }]);
  });
});
