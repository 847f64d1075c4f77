import { describe, expect, test } from 'vitest';
import { expressionTree, githubReach, isInfluenced, valueReferences } from './index.ts';

const NOTHING = {
  level: 'branch',
  env: new Set<string>(),
  inputs: new Set<string>(),
  steps: new Set<string>(),
  needs: new Set<string>(),
  matrix: false,
} as const;

describe('reach of members of github', () => {
  test.each([
    ['event.pull_request.title', 'free'],
    ['event.pull_request.head.ref', 'free'],
    ['event.pull_request.head.label', 'free'],
    ['event.pull_request.head.repo.default_branch', 'free'],
    ['event.head_commit.author.name', 'free'],
    ['event.commits.*.message', 'free'],
    ['event.pages.0.page_name', 'free'],
    ['event', 'free'],
    ['event.pull_request', 'free'],
    ['head_ref', 'free'],
    ['ref_name', 'member'],
    ['base_ref', 'member'],
    ['event.release.tag_name', 'member'],
    ['event.inputs.x', 'member'],
    ['event.client_payload.x', 'member'],
    ['event.pull_request.base.ref', 'member'],
    ['event.label.name', 'member'],
    ['actor', 'shaped'],
    ['event.pull_request.user.login', 'shaped'],
    ['event.pull_request.html_url', 'shaped'],
    ['event.pull_request.head.repo.full_name', 'shaped'],
    ['event.workflow_run.name', 'shaped'],
    ['event.workflow_run.pull_requests.*.id', 'shaped'],
    ['event.pull_request.number', 'none'],
    ['event.pull_request.head.sha', 'none'],
    ['repository', 'none'],
    ['run_id', 'none'],
  ])('%s is %s, and none exactly where K13 splices', (path, reach) => {
    expect(githubReach(path.split('.'))).toBe(reach);
    const expression = `github.${path.replaceAll(/\.(\d+)/g, '[$1]')}`;
    expect(isInfluenced(expression, NOTHING)).toBe(reach !== 'none');
  });

  test.each([
    ['a.b', ['a.b']],
    ["contains(a.b, 'x') && c.d || e.f", ['c.d', 'e.f']],
    ['a.b == c.d', []],
    ['!a.b', []],
    ["format('{0}', a.b)", ['a.b']],
    ['fromJSON(a.b).c', ['a.b']],
    ['join(a.*.b)', ['a.*.b']],
    ['a[b.c].d', ['a.*.d']],
    ['hashFiles(a.b)', []],
  ])('the text of %s comes from %j', (expression, wanted) => {
    const tree = expressionTree(expression);

    expect(tree).toBeDefined();
    const found = tree === undefined ? [] : valueReferences(tree);
    expect(found.map(({ context, path }) => [context, ...path].join('.'))).toEqual(wanted);
  });

  test('what can not be parsed has no tree', () => {
    expect(expressionTree('a b')).toBeUndefined();
    expect(expressionTree('')).toBeUndefined();
    expect(expressionTree('x || '.repeat(20_000))).toBeUndefined();
  });
});
