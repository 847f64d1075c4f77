import { describe, expect, test } from 'vitest';
import { scanFiles } from '../finding/index.ts';
import { createInfrastructureScanner } from './index.ts';

const scanner = createInfrastructureScanner();

/** Rule and line of what is found, but for hygiene. */
function found(files: { readonly [path: string]: string }, ...rules: readonly string[]): readonly string[] {
  const { findings, gaps } = scanFiles(scanner, files);
  expect(gaps).toEqual([]);
  return findings
    .filter(({ rule }) => rules.length === 0 || rules.includes(rule))
    .map(({ rule, place }) => `${rule}:${place.line}`);
}

const pod = (spec: string) => `apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n${spec}`;

describe('Kubernetes', () => {
  test('a container wins over its pod, and inherits from it', () => {
    const text = pod(
      '  securityContext: {runAsNonRoot: true, runAsUser: 0}\n  containers:\n    - {name: a, image: "a:1"}\n    - {name: b, image: "b:1", securityContext: {runAsNonRoot: false, runAsUser: 1}}\n',
    );

    expect(found({ 'a.yml': text }, 'kubernetes-run-as-non-root', 'kubernetes-run-as-root')).toEqual([
      'kubernetes-run-as-root:5',
      'kubernetes-run-as-non-root:8',
    ]);
  });

  test('a template of Helm is judged by what it says, never by what it may leave to values', () => {
    const text = `{{- if .Values.on }}\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ include "x" . }}\n  labels:\n    {{- include "labels" . | nindent 4 }}\nspec:\n  template:\n    spec:\n      hostNetwork: true\n      securityContext: {{ toYaml .Values.sc | nindent 8 }}\n      containers:\n        - name: a\n          image: "{{ .Values.image }}:{{ .Values.tag }}"\n          {{- with .Values.sc }}\n          securityContext:\n            {{- toYaml . | nindent 12 }}\n          {{- end }}\n{{- end }}\n`;

    expect(found({ 'chart/templates/a.yaml': text })).toEqual(['kubernetes-host-network:11']);
  });

  test('a patch of Kustomize is no whole workload', () => {
    const text =
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec:\n  template:\n    spec:\n      containers:\n        - name: a\n          securityContext: {privileged: true}\n';

    expect(found({ 'overlay/a.yaml': text })).toEqual(['kubernetes-privileged:9']);
  });

  test('lists, several documents, cron jobs, init and ephemeral containers are looked into', () => {
    const bad = 'securityContext: {privileged: true}';
    const text = `apiVersion: v1\nkind: List\nitems:\n  - apiVersion: batch/v1\n    kind: CronJob\n    metadata: {name: a}\n    spec: {jobTemplate: {spec: {template: {spec: {initContainers: [{name: i, image: "i:1", ${bad}}], containers: []}}}}}\n---\n${pod(`  ephemeralContainers:\n    - {name: e, image: "e:1", ${bad}}\n  containers: []\n`)}`;

    expect(found({ 'a.yml': text }, 'kubernetes-privileged')).toEqual([
      'kubernetes-privileged:7',
      'kubernetes-privileged:14',
    ]);
  });

  test('Windows pods need no walls of Linux', () => {
    const text = pod(
      '  os: {name: windows}\n  containers:\n    - {name: a, image: "a:1", securityContext: {runAsNonRoot: true}}\n',
    );

    expect(
      found(
        { 'a.yml': text },
        'kubernetes-privilege-escalation',
        'kubernetes-capabilities-kept',
        'kubernetes-seccomp-missing',
        'kubernetes-run-as-non-root',
      ),
    ).toEqual([]);
  });

  test('kinds of other groups and files that only mention Kubernetes are left alone', () => {
    expect(
      found({
        'a.yml':
          'apiVersion: example.com/v1\nkind: Deployment\nspec: {template: {spec: {hostPID: true, containers: []}}}\n',
        'b.json': '{"apiVersion": 1}',
        'c.yml': 'apiVersion: [',
      }),
    ).toEqual([]);
  });

  test('anchors and JSON are read', () => {
    expect(
      found(
        {
          'a.json':
            '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"hostPID": true, "containers": []}}',
        },
        'kubernetes-host-pid',
      ),
    ).toEqual(['kubernetes-host-pid:1']);
    expect(
      found(
        {
          'a.yml': pod(
            '  containers:\n    - &a {name: a, image: "a:1", securityContext: &s {privileged: true}}\n    - {name: b, image: "b:1", securityContext: *s}\n',
          ),
        },
        'kubernetes-privileged',
      ),
    ).toHaveLength(2);
  });
});

describe('Docker', () => {
  test.each([
    ['heredocs', 'FROM a:1\nRUN <<EOF\ncurl https://x | sh\nEOF\n', 3],
    ['comments in a continued line', 'FROM a:1\nRUN true && \\\n# why\n  curl https://x \\\n  | bash\n', 4],
    ['the exec form', 'FROM a:1\nRUN ["bash", "-c", "curl https://x | sh"]\n', 2],
    ['another escape', '# escape=`\nFROM a:1\nRUN a `\n  && curl https://x | sh\n', 4],
    ['triggers', 'FROM a:1\nONBUILD RUN curl https://x | sh\n', 2],
    ['line ends of Windows', 'FROM a:1\r\nRUN true && \\\r\n  wget -qO- https://x | sh\r\n', 3],
  ])('%s are read', (_name, text, line) => {
    expect(found({ Dockerfile: text }, 'docker-download-piped')).toEqual([`docker-download-piped:${line}`]);
  });

  test.each([
    ['a script that reads it', 'RUN curl https://x | python3 -c "import json"'],
    ['a key', 'RUN curl https://x | gpg --dearmor'],
    ['an archive', 'RUN curl https://x | tar xz'],
    ['another command', 'RUN curl -o x https://x; cat y | sh'],
    ['a text', 'RUN echo "curl x | sh"'],
  ])('%s is no piped download', (_name, run) => {
    expect(found({ Dockerfile: `FROM a:1\n${run}\n` }, 'docker-download-piped')).toEqual([]);
  });

  test('a stage that continues another has its user', () => {
    expect(
      found(
        { Dockerfile: 'FROM a:1 AS base\nUSER 1000\nFROM base\nCMD ["x"]\n' },
        'docker-user-missing',
        'docker-user-root',
      ),
    ).toEqual([]);
  });

  test('a .dockerignore above counts', () => {
    expect(
      found({ 'app/Dockerfile': 'FROM a:1\nCOPY . /\n', '.dockerignore': '.git\n' }, 'docker-no-dockerignore'),
    ).toEqual([]);
  });
});

describe('Terraform', () => {
  test('files of a folder are one module, but where they declare the same twice each stands for itself', () => {
    const bucket = 'resource "aws_s3_bucket" "b" { bucket = "b" }\n';
    const block = 'resource "aws_s3_bucket_public_access_block" "b" { bucket = aws_s3_bucket.b.id }\n';
    const rule = 'terraform-aws-s3-public-block-missing';

    expect(found({ 'a/x.tf': bucket, 'a/y.tf': block }, rule)).toEqual([]);
    expect(found({ 'a/good.tf': bucket + block, 'a/bad.tf': bucket }, rule)).toEqual([`${rule}:1`]);
  });
});

describe('Compose', () => {
  test('is known by what it says, whatever its name', () => {
    expect(
      found({ 'stack.yml': 'services:\n  a:\n    image: a:1\n    privileged: true\n' }, 'compose-privileged'),
    ).toEqual(['compose-privileged:4']);
    expect(found({ 'services.yaml': 'services:\n  _defaults: {autowire: true}\n  image:\n    class: A\n' })).toEqual(
      [],
    );
  });

  test('an override is no whole service', () => {
    expect(found({ 'compose.override.yml': 'services:\n  a:\n    privileged: true\n' })).toEqual([
      'compose-privileged:3',
    ]);
  });
});

describe('settings', () => {
  test('rules of a team are asked, and disabled ones are not', () => {
    const own = {
      ...scanner.rules[0]!,
      id: 'own-tag',
      match: {
        in: 'terraform',
        types: ['aws_instance'],
        when: { path: 'tags.owner', exists: false },
        message: '{name} has no owner.',
        fix: { none: 'Nobody knows.' },
      },
    };
    const mine = createInfrastructureScanner({ rules: [own], disabled: ['terraform-aws-imdsv1'] });
    const { findings } = scanFiles(mine, { 'a.tf': 'resource "aws_instance" "a" {}\n' });

    expect(
      findings.map(({ rule }) => rule).filter((rule) => rule !== 'terraform-aws-block-device-unencrypted'),
    ).toEqual(['own-tag']);
  });

  test('a rule that names a check that is not there is refused', () => {
    expect(() =>
      createInfrastructureScanner({ rules: [{ ...scanner.rules[0]!, match: { in: 'docker', check: 'nothing' } }] }),
    ).toThrow('nothing');
  });
});

describe('what is not infrastructure', () => {
  test.each(['src/a.ts', 'package.json', 'Dockerfile.md', 'docs/dockerfile.png', 'a.tfvars.example'])(
    '%s is not asked for',
    (path) => {
      expect(scanner.wants(path, 10)).toBe(false);
    },
  );

  test('a file that cannot be read is a gap with its line', () => {
    const { gaps } = scanFiles(scanner, {
      'a.tf': 'resource "a" "b" {\n  x = \n',
      'b.yml': 'apiVersion: v1\nkind: Pod\nspec: "\n',
    });

    expect(gaps.map(({ code, file }) => `${code} ${file}`).sort()).toEqual([
      'unreadable-infrastructure a.tf',
      'unreadable-infrastructure b.yml',
    ]);
  });
});
