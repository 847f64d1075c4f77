import { describe, expect, test } from 'vitest';
import { expressionTree } from '../workflow/index.ts';
import { chanceOf, reachOfTrigger } from './guards.ts';

const TARGET = { event: 'pull_request_target', checks: new Set<string>() };
const COMMENT = { event: 'issue_comment', checks: new Set(['steps.check']) };

describe('what a condition leaves to an outsider', () => {
  test.each([
    ['github.event.pull_request.head.repo.full_name == github.repository', 0],
    ['github.event.pull_request.head.repo.fork == false', 0],
    ['!github.event.pull_request.head.repo.fork', 0],
    ["github.event.pull_request.head.repo.owner.login == 'us'", 0],
    ['github.event.pull_request.head.repo.fork', 2],
    ["github.event_name == 'push'", 0],
    ["github.event_name != 'push'", 2],
    ["github.event_name == 'push' || github.event_name == 'pull_request_target'", 2],
    ['contains(fromJSON(\'["push", "schedule"]\'), github.event_name)', 0],
    ["github.actor == 'boss'", 0],
    ["github.actor == 'dependabot[bot]'", 1],
    ["github.event.pull_request.user.login == 'dependabot[bot]'", 0],
    ["github.actor != 'dependabot[bot]'", 2],
    ["github.event.pull_request.author_association == 'MEMBER'", 0],
    ["github.event.pull_request.author_association != 'MEMBER'", 2],
    ['contains(fromJSON(\'["OWNER", "NONE"]\'), github.event.pull_request.author_association)', 2],
    ["contains(github.event.pull_request.labels.*.name, 'ok')", 1],
    ["github.event.label.name == 'ok'", 1],
    ['github.event.pull_request.merged', 0],
    ["github.repository == 'us/it'", 2],
    ["startsWith(github.head_ref, 'feature/')", 2],
    ['always() && true', 2],
    ['false', 0],
  ])('%s', (condition, reached) => {
    expect(chanceOf(expressionTree(condition), TARGET).yes).toBe(reached);
  });

  test.each([
    ["github.event.comment.author_association == 'OWNER'", 1],
    ["github.event.comment.user.login == 'boss'", 1],
    ["steps.check.outputs.allowed == 'true'", 1],
    ["steps.other.outputs.allowed == 'true'", 2],
    ["contains(github.event.comment.body, '/test')", 2],
  ])('on a comment: %s', (condition, reached) => {
    expect(chanceOf(expressionTree(condition), COMMENT).yes).toBe(reached);
  });

  test('what can not be read leaves everything', () => {
    expect(chanceOf(undefined, TARGET)).toEqual({ yes: 2, no: 2 });
  });

  test('triggers that only maintainers set off need one', () => {
    expect(reachOfTrigger('pull_request_target', ['labeled'])).toBe(1);
    expect(reachOfTrigger('pull_request_target', ['labeled', 'synchronize'])).toBe(2);
    expect(reachOfTrigger('push', undefined)).toBe(0);
  });
});
