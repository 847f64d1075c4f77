import { scanFiles } from '../../src/finding/index.ts';
import { createInfrastructureScanner } from '../../src/infrastructure/index.ts';
import { cpuMs } from '../support/cpu-time.ts';
import type { FuzzOutcome } from './outcome.ts';
import { chooser, randomOf } from './random.ts';

/** Milliseconds of processor time that any one mutated file may take. */
const FILE_MS_MAX = 2_000;

const DOCKER = `# syntax=docker/dockerfile:1
ARG V=1
FROM --platform=linux/amd64 node:\${V:-2} AS build
ENV A_PASSWORD="b c" D=e
RUN --mount=type=cache,target=/x <<EOF
curl -fsSLk https://x | bash -s -- -y
EOF
ADD --chown=a:b https://x/y.tar.gz /z
FROM build
RUN ["sh", "-c", "chmod 777 /a && apt-get install -y b"]
COPY --from=build . .
USER root
HEALTHCHECK CMD a
ENTRYPOINT a b
`;
const MANIFEST = `apiVersion: apps/v1
kind: Deployment
metadata: {name: a, namespace: default}
spec:
  template:
    spec:
      hostNetwork: true
      volumes: [{name: v, hostPath: {path: /etc}}]
      containers:
        - name: &n a
          image: b:latest
          env: [{name: DB_PASSWORD, value: tr0ub4dor}]
          securityContext: {privileged: true, capabilities: {add: [SYS_ADMIN]}}
        - <<: *n
          args:
            - |
              x {{ .Values.y | nindent 4 }}
---
{"apiVersion": "v1", "kind": "List", "items": []}
`;
const COMPOSE = `services:
  db: &d
    image: postgres
    privileged: true
    ports: ["5432:5432", {target: 80, published: 80}]
    environment: [A_TOKEN=abc123, B=c]
    volumes: [/var/run/docker.sock:/x]
  web: {<<: *d, build: .}
`;
const TERRAFORM = `variable "p" { default = ["0.0.0.0/0"] }
locals { a = merge({ b = 1 }, var.c) }
resource "aws_security_group" "a" {
  ingress {
    from_port   = 22
    to_port     = local.a.b ? 22 : "\${var.p[0]}x"
    cidr_blocks = var.p # c
  }
  dynamic "egress" {
    for_each = { for k, v in var.m : k => v... if v != null }
    content { cidr_blocks = egress.value }
  }
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "*", Resource = "*" }] })
  text = <<-EOF
    {"Statement": [{"Principal": "*", "a": "\${b}"}]} %{ if x }y%{ endif }
  EOF
}
`;
const SEEDS: readonly (readonly [path: string, text: string])[] = [
  ['Dockerfile', DOCKER],
  ['a.yml', MANIFEST],
  ['compose.yml', COMPOSE],
  ['main.tf', TERRAFORM],
];
const PIECES = [
  '{',
  '}',
  '[',
  ']',
  '(',
  ')',
  '"',
  "'",
  '\\',
  '\n',
  '\r\n',
  '\t',
  ' ',
  ':',
  '- ',
  '#',
  '|',
  '>',
  '&a',
  '*a',
  '<<',
  '<<EOF\n',
  'EOF',
  '${',
  '%{',
  '{{',
  '}}',
  '=',
  '==',
  '?',
  '!',
  '%',
  '@',
  '\0',
  '\uFEFF',
  '\uE000',
  'é',
  '--',
  '---\n',
  'FROM ',
  'RUN ',
  'for ',
  '/*',
  '*/',
  '0',
  '$',
  '`',
  '~',
  '^',
  '..',
];

const scanner = createInfrastructureScanner();

/** Files with pieces put in, taken out and doubled. Wanted: no exception, no hang, places and edits inside the file. */
export function fuzzInfrastructure(seed: number, rounds: number): FuzzOutcome {
  const random = randomOf(seed);
  const { pick } = chooser(random);
  const failures: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const [path, seedText] = pick(SEEDS);
    let text = seedText;
    for (let change = Math.floor(random() * 6); change >= 0; change--) {
      const at = Math.floor(random() * (text.length + 1));
      const length = Math.floor(random() * 20);
      const kind = random();
      if (kind < 0.5) text = text.slice(0, at) + pick(PIECES) + text.slice(at);
      else if (kind < 0.75) text = text.slice(0, at) + text.slice(at + length);
      else if (kind < 0.95) text = text.slice(0, at) + text.slice(at, at + length).repeat(3) + text.slice(at + length);
      else text = text.slice(0, at) + pick(PIECES).repeat(3_000) + text.slice(at);
    }
    const failure = check(path, text);
    if (failure !== undefined) failures.push(`seed ${seed} round ${round} ${path}: ${failure}`);
  }
  return { rounds, failures };
}

function check(path: string, text: string): string | undefined {
  const started = cpuMs();
  try {
    const { findings } = scanFiles(scanner, { [path]: text });
    for (const { rule, fix, place } of findings) {
      if (place.line < 1 || place.endLine < place.line) return `${rule} has no place`;
      for (const edit of fix.kind === 'edit' ? fix.edits : []) {
        if (edit.start < 0 || edit.end < edit.start || edit.end > text.length)
          return `${rule} edits outside of the file`;
      }
    }
  } catch (error) {
    return String(error instanceof Error ? error.stack : error).slice(0, 400);
  }
  const took = cpuMs() - started;
  return took > FILE_MS_MAX ? `took ${took} ms` : undefined;
}
