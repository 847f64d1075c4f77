/** Reads an event stream (text/event-stream, HTML standard 9.2) with `fetch`: it can begin behind an event, which `EventSource` can't. */
export type StreamMessage = { readonly event: string; readonly id: string; readonly data: string };

/** Characters of one message. */
const MESSAGE_CHARACTERS_MAX = 4 * 1024 * 1024;

export class StreamFailure extends Error {
  /** Of the answer; 0 when there was none. */
  readonly status: number;

  constructor(status: number) {
    super(`the stream was answered with ${status}`);
    this.status = status;
  }
}

/** Messages as they come, until the server ends the stream or the signal does. */
export async function* readStream(
  url: string,
  { lastEventId, signal }: { readonly lastEventId?: string; readonly signal: AbortSignal },
): AsyncGenerator<readonly StreamMessage[]> {
  const headers = {
    accept: 'text/event-stream',
    ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
  };
  const response = await fetch(url, { headers, signal, cache: 'no-store' });
  if (!response.ok || response.body === null) throw new StreamFailure(response.status);
  const parser = new StreamParser();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const messages = parser.feed(value);
      if (messages.length > 0) yield messages;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

export class StreamParser {
  #rest = '';
  #event = '';
  #id = '';
  #data: string[] = [];

  feed(text: string): readonly StreamMessage[] {
    const messages: StreamMessage[] = [];
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    if (this.#rest.length > MESSAGE_CHARACTERS_MAX) throw new StreamFailure(0);
    for (const line of lines) {
      if (line === '') this.#end(messages);
      else this.#line(line);
    }
    return messages;
  }

  #line(line: string): void {
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#event = value;
    else if (field === 'data') this.#data.push(value);
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
  }

  #end(messages: StreamMessage[]): void {
    if (this.#data.length > 0) {
      messages.push({ event: this.#event === '' ? 'message' : this.#event, id: this.#id, data: this.#data.join('\n') });
    }
    this.#event = '';
    this.#data = [];
  }
}
