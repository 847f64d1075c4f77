import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { readEgressFile } from '../egress/index.ts';
import { detectProject, renderEgress, renderWorkflow } from './init.ts';

function files(names: readonly string[], content: { packageJson?: string; pyproject?: string } = {}) {
  return { names: new Set(names), packageJson: content.packageJson, pyproject: content.pyproject };
}

test.each([
  [['package.json', 'package-lock.json'], 'node', 'npm'],
  [['package.json', 'pnpm-lock.yaml'], 'node', 'pnpm'],
  [['package.json', 'yarn.lock'], 'node', 'yarn'],
  [['requirements.txt'], 'python', 'pip'],
  [['pyproject.toml', 'poetry.lock'], 'python', 'poetry'],
  [['pyproject.toml', 'uv.lock'], 'python', 'uv'],
  [['go.mod'], 'go', 'go'],
  [['Cargo.toml', 'Cargo.lock'], 'rust', 'cargo'],
  [['pom.xml', 'mvnw'], 'java', 'maven'],
  [['build.gradle.kts'], 'java', 'gradle'],
] as const)('%j is a project of %s with %s, and its workflow is a sound file', (names, language, tool) => {
  const project = detectProject(files(names));

  expect(project).toMatchObject([{ language, tool }]);
  const workflow = parse(renderWorkflow(project));
  expect(workflow.permissions).toEqual({ contents: 'read' });
  expect(workflow.jobs[language]['timeout-minutes']).toBe(15);
  expect(workflow.jobs[language].steps.every((step: { run?: string; uses?: string }) => step.run || step.uses)).toBe(
    true,
  );
  expect(parse(renderEgress(project)).presets).toEqual(project[0]?.presets);
  expect(readEgressFile(renderEgress(project), 'egress.yml')).toMatchObject({ ok: true });
});

test('several languages become several jobs', () => {
  const workflow = parse(renderWorkflow(detectProject(files(['package.json', 'go.mod', 'Cargo.toml']))));

  expect(Object.keys(workflow.jobs)).toEqual(['node', 'go', 'rust']);
});

test('only scripts that exist are run, and the placeholder of npm init is none', () => {
  const packageJson = JSON.stringify({ scripts: { test: 'echo "Error: no test specified" && exit 1', build: 'tsc' } });

  const [part] = detectProject(files(['package.json'], { packageJson }));

  expect(part?.steps.map(({ run }) => run)).toEqual(['npm install', 'npm run build']);
});

test('a package.json that is no JSON is a project of Node all the same', () => {
  expect(detectProject(files(['package.json'], { packageJson: '{' }))).toHaveLength(1);
});

test('nothing is found in an empty folder, and a named language needs nothing to be found', () => {
  expect(detectProject(files([]))).toEqual([]);
  expect(detectProject(files([]), ['rust'])).toHaveLength(1);
});
