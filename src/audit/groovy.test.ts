import { expect, test } from 'vitest';
import { readGroovy } from './groovy.ts';

function stringsOf(text: string) {
  return readGroovy(text).strings.map(({ text: value, call, argument, assigned, stage }) => ({
    value,
    call,
    argument,
    assigned,
    stage,
  }));
}

test('strings know the call, the argument and the stage that they belong to', () => {
  expect(stringsOf(`stage('One') { steps { sh 'a'; sh(script: "b", returnStdout: true) } }`)).toEqual([
    { value: 'One', call: 'stage', argument: '', assigned: '', stage: '' },
    { value: 'a', call: 'sh', argument: '', assigned: '', stage: 'One' },
    { value: 'b', call: 'sh', argument: 'script', assigned: '', stage: 'One' },
  ]);
});

test('assignments are told from calls, and comments are no code', () => {
  expect(stringsOf(`// x 'no'\nA = 'v' /* 'no' */\nB = credentials('id')\n`)).toMatchObject([
    { value: 'v', call: '', assigned: 'A' },
    { value: 'id', call: 'credentials', assigned: 'B' },
  ]);
});

test('only double quotes interpolate', () => {
  const [single, double, triple] = readGroovy('sh \'x ${a}\'\nsh "x ${a.b} $c"\nsh """\n${d}\n"""').strings;

  expect(single?.interpolations).toEqual([]);
  expect(double?.interpolations.map(({ text }) => text)).toEqual(['a.b', 'c']);
  expect(triple?.interpolations.map(({ text }) => text)).toEqual(['d']);
});

test('a string that never ends, and braces that never open, end with the file', () => {
  expect(stringsOf("}}} sh '''abc")).toMatchObject([{ call: 'sh' }]);
});
