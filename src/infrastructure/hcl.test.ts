import { describe, expect, test } from 'vitest';
import { bodyTree, evaluate } from './hcl-evaluate.ts';
import { parseHcl } from './hcl-parse.ts';
import { readModule } from './terraform-module.ts';
import type { Tree } from './tree.ts';

const nothing = { resolve: () => undefined };

/** A tree as plain values; what is not known is `?` with what is known of its text. */
function plain(tree: Tree): unknown {
  if (tree.kind === 'scalar') return tree.value;
  if (tree.kind === 'list') return tree.items.map(plain);
  if (tree.kind === 'map') return Object.fromEntries(tree.entries.map(({ key, value }) => [key, plain(value)]));
  return `?${(tree.partial ?? '').replaceAll('\uE000', '_')}`;
}

function valueOf(expression: string): unknown {
  const { body, problem } = parseHcl(`x = ${expression}\n`);
  expect(problem).toBeUndefined();
  return plain(evaluate(body.attributes[0]!.value, nothing));
}

describe('expressions of HCL', () => {
  test.each([
    ['"a${1}b"', 'a1b'],
    ['"a$${x}b"', 'a${x}b'],
    ['"a\\"b\\n"', 'a"b\n'],
    ['"arn:${var.p}:x"', '?arn:_:x'],
    ['[1, 2,\n 3,]', [1, 2, 3]],
    ['{ a = 1, "b" : true\n c = null }', { a: 1, b: true, c: null }],
    ['{ (var.k) = 1, b = 2 }', { b: 2 }],
    ['(\n  true\n)', true],
    ['!false', true],
    ['-1', -1],
    ['true ? "a" : "b"', 'a'],
    ['var.x ? "a" : "b"', '?'],
    ['1 == 1 && var.x == 2', '?'],
    ['false && var.x', false],
    ['concat(["a"], var.more, ["b"])', ['a', '?', 'b']],
    ['merge({ a = 1 }, { a = 2, b = 3 })', { a: 2, b: 3 }],
    ['jsonencode({ a = [true] })', { a: [true] }],
    ['jsondecode("{\\"a\\": 1}")', { a: 1 }],
    ['upper("tls")', 'TLS'],
    ['[for x in var.list : x.id if x.on]', '?'],
    ['{ for k, v in var.map : k => v... }', '?'],
    ['aws_s3_bucket.b[0].id', '?'],
    ['aws_s3_bucket.b[*].id', '?'],
    ['provider::aws::arn_parse("x")', '?'],
    ['<<EOF\na ${"b"}\nEOF', 'a b\n'],
    ['<<-EOF\n    %{ if x }a%{ endif }\n  EOF', '?    _a_\n'],
    ['1 /* c */ + 2 # end', '?'],
  ])('%s', (expression, wanted) => {
    expect(valueOf(expression)).toEqual(wanted);
  });

  test('blocks, also dynamic ones, and several of a kind', () => {
    const { body } = parseHcl(
      'a "b" {\n  x { v = 1 }\n  x { v = 2 }\n  dynamic "y" {\n    for_each = var.l\n    content {\n      w = y.value\n    }\n  }\n}\n',
    );
    const [block] = body.blocks;

    expect(plain(bodyTree(block!.body, nothing, block!))).toEqual({ x: [{ v: 1 }, { v: 2 }], y: { w: '?' } });
  });

  test('what was read before a mistake stands, and the mistake has its place', () => {
    const { body, problem } = parseHcl('a {\n  x = 1\n}\nb {\n  y = = 2\n}\n');

    expect(body.blocks.map(({ type }) => type)).toEqual(['a']);
    expect(problem?.offset).toBe(24);
  });

  test.each([
    ['parentheses', `x = ${'('.repeat(20_000)}`],
    ['blocks', 'a {\n'.repeat(20_000)],
    ['lists', `x = ${'['.repeat(20_000)}`],
    ['negations', `x = ${'!'.repeat(20_000)}true`],
    ['choices', `x = ${'a ? b : '.repeat(20_000)}c`],
  ])('%s that nest without end are refused, not followed', (_name, text) => {
    expect(parseHcl(text).problem?.reason).toMatch(/too deep|expected|not closed/);
  });
});

describe('a module', () => {
  const moduleOf = (files: { readonly [path: string]: string }) => readModule('', new Map(Object.entries(files)));
  const treeOf = (files: { readonly [path: string]: string }, address: string) =>
    plain(moduleOf(files).byAddress.get(address)!.tree);

  test('knows variables by their defaults and locals through each other, over files', () => {
    const files = {
      'a.tf': 'variable "p" {\n  default = 22\n}\nlocals {\n  one = { port = var.p }\n  two = local.one.port\n}\n',
      'b.tf': 'resource "r" "x" {\n  port = local.two\n  other = var.none\n}\n',
    };

    expect(treeOf(files, 'r.x')).toEqual({ port: 22, other: '?' });
  });

  test('lets terraform.tfvars win over a default', () => {
    expect(
      treeOf(
        { 'a.tf': 'variable "p" { default = 1 }\nresource "r" "x" { v = var.p }\n', 'terraform.tfvars': 'p = 2\n' },
        'r.x',
      ),
    ).toEqual({ v: 2 });
  });

  test('takes a default of null for not given', () => {
    expect(treeOf({ 'a.tf': 'variable "p" { default = null }\nresource "r" "x" { v = var.p }\n' }, 'r.x')).toEqual({
      v: '?',
    });
  });

  test('follows circles and doubling values to no end', () => {
    const doubling = Array.from(
      { length: 60 },
      (_, at) => `  l${at + 1} = [local.l${at}, local.l${at}]\n  t${at + 1} = "\${local.t${at}}\${local.t${at}}"`,
    ).join('\n');
    const files = {
      'a.tf': `locals {\n  a = local.b\n  b = local.a\n  l0 = "xxxxxxxxxx"\n  t0 = "xxxxxxxxxx"\n${doubling}\n}\nresource "r" "x" {\n  c = local.a\n  l = local.l60\n  t = local.t60\n}\n`,
    };

    expect(treeOf(files, 'r.x')).toMatchObject({ c: '?' });
  });

  test('reads the JSON form, whose texts are templates', () => {
    expect(
      treeOf(
        {
          'a.tf.json': '{"resource": {"r": {"x": {"v": "${var.p}", "w": "b"}}}}',
          'b.tf': 'variable "p" { default = true }\n',
        },
        'r.x',
      ),
    ).toEqual({ v: true, w: 'b' });
  });
});
