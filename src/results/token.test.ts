import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../base/index.ts';
import { blockList } from './blobs-http.ts';
import { SIGNED_URL_MS, signUrl, verifyUrl } from './signed-url.ts';
import { mintRuntimeToken, verifyRuntimeToken } from './token.ts';
import { cpuMs } from '../../test/support/cpu-time.ts';

const key = randomBytes(32);
const scope = { runId: 7, attempt: 1, jobId: 11 };
const at = (milliseconds: number): Clock => ({ now: () => milliseconds, monotonic: () => milliseconds });
const START = Date.parse('2026-03-01T12:00:00Z');
const HOUR_MS = 3_600_000;
const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('the runtime token', () => {
  const token = mintRuntimeToken(key, scope, at(START)).expose();
  const verify = (text: string, options: { key?: Buffer; scope?: typeof scope; now?: number } = {}) =>
    verifyRuntimeToken(text, options.key ?? key, options.scope ?? scope, at(options.now ?? START));

  test('holds for its own job attempt, and tells the clients their ids', () => {
    verify(token);

    const payload = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());
    expect(payload.scp).toBe('Actions.Results:7:11');
  });

  test.each([
    ['another key', token, { key: randomBytes(32) }],
    ['another job', token, { scope: { ...scope, jobId: 12 } }],
    ['another run', token, { scope: { ...scope, runId: 8 } }],
    ['another attempt', token, { scope: { ...scope, attempt: 2 } }],
    ['a time after its end', token, { now: START + 8 * HOUR_MS }],
    ['a time before its start', token, { now: START - HOUR_MS }],
    ['no signature', token.replace(/\.[^.]*$/, '.'), {}],
    ['the algorithm none', `${base64({ alg: 'none' })}.${token.split('.')[1]}.`, {}],
    ['a changed payload', token.replace(/\.[^.]*\./, `.${base64({ scp: 'Actions.Results:7:12' })}.`), {}],
    ['four parts', `${token}.x`, {}],
    ['nothing', '', {}],
    ['a very long text', 'a.'.repeat(10_000), {}],
  ])('is refused with %s', (_what, text, options) => {
    expect(() => verify(text, options)).toThrow(expect.objectContaining({ code: 'results/token-refused' }));
  });
});

describe('a signed address', () => {
  const path = '/_blobs/artifact/12';
  const signed = signUrl(path, { key, method: 'GET', clock: at(START) });
  const verify = (text: string, method = 'GET', now = START) =>
    verifyUrl(new URL(text, 'http://x'), { key, method, clock: at(now) });

  test('holds for its method and path until its end', () => {
    verify(signed);
    verify(signed, 'GET', START + SIGNED_URL_MS.GET - 1);
    verify(`${signed}&comp=block&blockid=AA==`);
  });

  test.each([
    ['another method', signed, 'PUT', START],
    ['HEAD', signed, 'HEAD', START],
    ['its end', signed, 'GET', START + SIGNED_URL_MS.GET],
    ['another path', signed.replace('/12', '/13'), 'GET', START],
    ['a later end', signed.replace(/se=[0-9]+/, 'se=9999999999999'), 'GET', START],
    ['two ends', `${signed}&se=9999999999999`, 'GET', START],
    ['no signature', path, 'GET', START],
    ['an empty signature', signed.replace(/sig=.*/, 'sig='), 'GET', START],
  ])('is refused with %s', (_what, text, method, now) => {
    expect(() => verify(text, method, now)).toThrow(expect.objectContaining({ code: 'results/url-refused' }));
  });
});

describe('a block list', () => {
  test('gives its names in order', () => {
    expect(
      blockList(
        '<?xml version="1.0" encoding="utf-8"?><BlockList><Latest>QUE=</Latest> <Latest>QkI=</Latest></BlockList>',
      ),
    ).toEqual(['QUE=', 'QkI=']);
    expect(blockList('<BlockList/>')).toEqual([]);
    expect(blockList('<BlockList></BlockList>')).toEqual([]);
  });

  test.each([
    '',
    '<BlockList><Latest>QUE=</Latest>',
    '<BlockList><Committed>QUE=</Committed></BlockList>',
    '<BlockList><Latest>QUE=</Uncommitted></BlockList>',
    '<BlockList><Latest>a b</Latest></BlockList>',
    '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><BlockList><Latest>&a;</Latest></BlockList>',
  ])('%j is refused', (xml) => {
    expect(() => blockList(xml)).toThrow(expect.objectContaining({ code: 'results/request-invalid' }));
  });

  test('no bytes make it hang or fail in another way (seeded)', () => {
    let seed = 7;
    const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
    const pieces = ['<BlockList>', '</BlockList>', '<Latest>', '</Latest>', 'QUE=', '<', ' ', '<?xml', '?>', '\0', '&'];

    for (let round = 0; round < 5_000; round += 1) {
      const xml = Array.from({ length: random(30) }, () => pieces[random(pieces.length)]).join('');
      try {
        expect(blockList(xml)).toBeInstanceOf(Array);
      } catch (error) {
        expect(error).toMatchObject({ code: 'results/request-invalid' });
      }
    }
    const start = cpuMs();
    expect(() => blockList(`<BlockList>${'<Latest>'.repeat(500_000)}`)).toThrow();
    expect(() => blockList(`<BlockList>${'<Latest>'.repeat(500_000)}</BlockList>`)).toThrow();
    expect(cpuMs() - start).toBeLessThan(2_000);
  });
});
