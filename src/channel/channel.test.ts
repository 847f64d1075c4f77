import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { Fault, silentLog } from '../base/index.ts';
import { MESSAGE_BYTES_MAX } from './lines.ts';
import { openChannel } from './open.ts';
import { type ChannelHandler, serveChannel } from './serve.ts';

function pair(handler: ChannelHandler, answerMsMax = 2000) {
  const input = new PassThrough();
  const output = new PassThrough();
  const served = serveChannel({ input, output }, handler, silentLog);
  return { channel: openChannel({ input, output }, { answerMsMax }), served, input, output };
}

describe('a channel', () => {
  test('gives each request its own answer', async () => {
    const { channel } = pair(async (request) => ({ echo: request }));

    const answers = await Promise.all([channel.ask({ a: 1 }), channel.ask({ a: 2 }), channel.ask({ text: 'ü\n' })]);

    expect(answers).toEqual([{ echo: { a: 1 } }, { echo: { a: 2 } }, { echo: { text: 'ü\n' } }]);
  });

  test('tells a refusal with its code, and of a failure nothing', async () => {
    const { channel } = pair(async (request) => {
      if (JSON.stringify(request).includes('fault')) {
        throw new Fault('keeper/token-refused', { status: 400, help: '' }, 'not this one');
      }
      throw new Error('key is 0xabcdef');
    });

    await expect(channel.ask({ what: 'fault' })).rejects.toMatchObject({
      code: 'channel/refused',
      message: 'not this one (keeper/token-refused)',
    });
    await expect(channel.ask({ what: 'error' })).rejects.not.toThrow('0xabcdef');
  });

  test('does not wait for ever', async () => {
    const { channel } = pair(() => new Promise(() => {}), 50);

    await expect(channel.ask({})).rejects.toMatchObject({ code: 'channel/slow' });
  });

  test('fails what waits when the other end goes, and what comes later', async () => {
    const { channel, output } = pair(() => new Promise(() => {}));
    const waiting = channel.ask({});
    output.end();

    await expect(waiting).rejects.toMatchObject({ code: 'channel/closed' });
    await expect(channel.ask({})).rejects.toMatchObject({ code: 'channel/closed' });
  });

  test('ends its service with its input', async () => {
    const { channel, served } = pair(async () => 1);
    channel.close();

    await expect(served).resolves.toBeUndefined();
  });

  test.each([
    ['no JSON', 'hello\n'],
    ['no request', '{"id":0}\n'],
    ['more keys', '{"id":1,"request":1,"more":1}\n'],
    ['an endless line', `"${'a'.repeat(MESSAGE_BYTES_MAX)}`],
  ])('breaks off at %s', async (_what, text) => {
    const { served, input } = pair(async () => 1);
    input.end(text);

    await expect(served).rejects.toThrow();
  });
});
