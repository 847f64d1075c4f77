import { type Annotation, type AnnotationLevel } from '../protocol/index.ts';
import { CommandStream, type WorkflowCommand } from '../workflow/index.ts';
import type { Session } from './session.ts';

/** A longer line is shown in pieces, so that no step can make the runner hold an endless one. */
const LINE_BYTES_MAX = 256 * 1024;
/** Annotations of one step; GitHub shows ten of each level, the log keeps the rest. */
const ANNOTATIONS_MAX = 50;

/** Characters from which on the token of `stop-commands` is masked. */
const STOP_TOKEN_MASKED_MIN = 7;

const NEWLINE = 0x0a;

/** A command names a file of problem matchers, by its path inside. */
type OnMatcher = (change: 'add' | 'remove', path: string) => void;

/**
 * The log of one process: splits the two streams into lines, obeys workflow commands, masks, matches problems and
 * reports. Commands are parsed on this process's own pipes only, before masking, as GitHub does.
 */
export class StepLog {
  readonly #session: Session;
  readonly #step: string;
  readonly #commands: CommandStream;
  readonly outputs = new Map<string, string>();
  readonly state = new Map<string, string>();
  readonly refusals: string[] = [];
  #annotations = 0;

  readonly #onMatcher: OnMatcher;

  /** `onMatcher` is called with the path inside of a problem matcher file that a command names. */
  constructor(session: Session, step: string, onMatcher: OnMatcher) {
    this.#session = session;
    this.#step = step;
    this.#onMatcher = onMatcher;
    this.#commands = new CommandStream();
  }

  /** One pipe. Bytes may be split anywhere. */
  stream(): { push(chunk: Buffer): void; end(): void } {
    let rest: Buffer[] = [];
    let restBytes = 0;
    const flush = () => {
      if (restBytes === 0) return;
      this.#line(Buffer.concat(rest).toString('utf8'));
      rest = [];
      restBytes = 0;
    };
    return {
      push: (chunk) => {
        let from = 0;
        for (;;) {
          const to = chunk.indexOf(NEWLINE, from);
          if (to === -1) break;
          rest.push(chunk.subarray(from, to));
          const bytes = rest.length === 1 ? rest[0] : Buffer.concat(rest);
          rest = [];
          restBytes = 0;
          this.#line((bytes ?? chunk).toString('utf8'));
          from = to + 1;
        }
        if (from < chunk.length) {
          rest.push(chunk.subarray(from));
          restBytes += chunk.length - from;
        }
        if (restBytes > LINE_BYTES_MAX)
          this.#longLine(rest, (kept) => {
            rest = kept.length === 0 ? [] : [kept];
            restBytes = kept.length;
          });
      },
      end: flush,
    };
  }

  /** Shows the beginning of an endless line, and keeps as many bytes as a secret that straddles the cut could have. */
  #longLine(parts: readonly Buffer[], keep: (rest: Buffer) => void): void {
    const bytes = Buffer.concat(parts);
    const masked = this.#session.masker.maskBytes(bytes);
    const cut = masked.length - this.#session.masker.bytesMax();
    if (cut <= 0) return keep(masked);
    this.#show(masked.subarray(0, cut).toString('utf8'));
    keep(masked.subarray(cut));
  }

  #line(raw: string): void {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (line.includes('::') || line.includes('##[')) {
      const parsed = this.#commands.push(line);
      if (parsed.kind === 'command') {
        this.#obey(parsed.command, parsed.echo, line);
        return;
      }
      if (parsed.warning !== undefined) this.#session.say(this.#step, parsed.warning, 'warning');
    }
    this.#show(line);
  }

  #show(line: string): void {
    const text = this.#session.masker.maskText(line);
    this.#session.emit({ kind: 'log', time: this.#session.clock.now(), step: this.#step, text });
    const found = this.#session.matchers.push(text);
    if (found !== undefined) this.#annotate(found);
  }

  #obey(command: WorkflowCommand, echo: boolean, line: string): void {
    // Whoever reads the log must not learn how to switch commands on again. A short token would mask common words.
    if (command.kind === 'stop-commands' && command.token.length >= STOP_TOKEN_MASKED_MIN) {
      this.#session.masker.add(command.token);
    }
    if (echo) this.#session.say(this.#step, line, 'command');
    switch (command.kind) {
      case 'add-mask':
        if (this.#session.masker.add(command.value) === 'too-short') {
          this.#session.say(
            this.#step,
            'A text of one or two characters is not masked: it is in every line.',
            'warning',
          );
        }
        return;
      case 'debug':
        if (this.#session.lease.debug) this.#session.say(this.#step, command.message, 'debug');
        return;
      case 'notice':
      case 'warning':
      case 'error':
        this.#announce(command.kind, command);
        return;
      case 'group':
        this.#session.say(this.#step, command.title, 'group');
        return;
      case 'endgroup':
        this.#session.say(this.#step, '', 'endgroup');
        return;
      case 'set-output':
        this.outputs.set(command.name, command.value);
        return;
      case 'save-state':
        this.state.set(command.name, command.value);
        return;
      case 'add-matcher':
        this.#onMatcher('add', command.path);
        return;
      case 'remove-matcher':
        this.#session.matchers.remove(command.owner);
        return;
      case 'refused':
        this.refusals.push(command.reason);
        this.#session.say(this.#step, command.reason, 'error');
        return;
      case 'remove-matcher-file':
        this.#onMatcher('remove', command.path);
        return;
      case 'echo':
      case 'stop-commands':
      case 'resume-commands':
        return;
    }
  }

  #announce(level: AnnotationLevel, command: Omit<Annotation, 'level'>): void {
    const { message, ...place } = command;
    this.#session.say(this.#step, message, level);
    this.#annotate({ level, message: this.#session.masker.maskText(message), ...place });
  }

  #annotate(annotation: Annotation): void {
    this.#annotations += 1;
    if (this.#annotations > ANNOTATIONS_MAX) {
      if (this.#annotations === ANNOTATIONS_MAX + 1) {
        this.#session.say(
          this.#step,
          `More than ${ANNOTATIONS_MAX} annotations: the rest is in the log only.`,
          'warning',
        );
      }
      return;
    }
    const { file, title, ...rest } = annotation;
    const mask = (text: string) => this.#session.masker.maskText(text);
    this.#session.emit({
      kind: 'annotation',
      time: this.#session.clock.now(),
      step: this.#step,
      annotation: {
        ...rest,
        ...(title === undefined ? {} : { title: mask(title) }),
        ...(file === undefined ? {} : { file: mask(this.#relative(file)) }),
      },
    });
  }

  /** Files of the workspace are shown by their path in the repository. */
  #relative(file: string): string {
    const workspace = `${this.#session.paths.workspace}/`;
    return file.startsWith(workspace) ? file.slice(workspace.length) : file;
  }
}
