import type { Edit, Fix } from '../finding/index.ts';
import { assignmentsOf, type Dockerfile, type Instruction, type Stage } from './docker-read.ts';
import type { Word } from './docker-shell.ts';
import { lineEnd } from './edit.ts';
import { isLatest, parseImage } from './image.ts';
import { none, type Report } from './report.ts';
import { hasKnownSecret, isSecretName, isSecretValue } from './secret-value.ts';

export type DockerCheck = (docker: Dockerfile) => Iterable<Report>;

/** Images that run as someone else than root by default, as their makers say. */
const ROOTLESS =
  /(?:^|[/:_.-])(?:nonroot|non-root|rootless|unprivileged)(?:$|[/:_.-])|^cgr\.dev\/chainguard\/|^(?:docker\.io\/)?bitnami\/|^dhi\.io\/|^(?:docker\.io\/)?jupyter\//;
const WINDOWS = /windows|nanoserver|servercore/i;

/** The last `USER` that counts at the end of a stage, through the stages that it continues. */
function lastUser(stage: Stage): Instruction | undefined {
  for (let at: Stage | undefined = stage; at !== undefined; at = at.base) {
    const user = at.instructions.findLast(({ keyword, isTrigger }) => keyword === 'USER' && !isTrigger);
    if (user !== undefined) return user;
  }
  return undefined;
}

function rootImage(stage: Stage): string | undefined {
  let at = stage;
  while (at.base !== undefined) at = at.base;
  return at.image;
}

export function* userRoot({ file, stages }: Dockerfile): Iterable<Report> {
  const final = stages.at(-1);
  const user = final === undefined ? undefined : lastUser(final);
  const word = user?.words[0];
  if (user === undefined || word === undefined || !/^(?:root|0+)(?::|$)/.test(word.text)) return;
  const image = final === undefined ? undefined : rootImage(final);
  const earlier = final?.instructions.findLast((one) => one.keyword === 'USER' && one !== user);
  // Back to whom the build switched away from; without one, to an id that no image gives to root.
  const name = earlier?.words[0]?.text;
  const target = name !== undefined && !/^(?:root|0)|\$/.test(name) ? name : '65532:65532';
  yield {
    span: user,
    message: `The final stage${image === undefined ? '' : ` (${image})`} ends as the user ${word.text}: everything in the container runs as root.`,
    fix: edit(
      `Run as ${target}`,
      { file: file.path, start: word.start, end: word.end, text: target },
      'Check that the files that the process writes belong to that user.',
    ),
  };
}

export function* userMissing({ file, stages }: Dockerfile): Iterable<Report> {
  const final = stages.at(-1);
  if (final === undefined || lastUser(final) !== undefined) return;
  const image = rootImage(final);
  if (image !== undefined && (ROOTLESS.test(image) || WINDOWS.test(image))) return;
  // Files to take, not a program to run.
  if (image === 'scratch' && !isService(final)) return;
  // Entry points that give up root themselves once they have set up.
  if (/\b(?:gosu|su-exec|setpriv|s6-setuidgid|chpst)\b/.test(file.text)) return;
  const at = insertionBeforeStart(final);
  yield {
    span: final.from,
    message: 'The final stage names no USER: the container runs as root unless its base image says otherwise.',
    fix: edit(
      'Run as a user without rights',
      insertion(file, at, 'USER 65532:65532'),
      'Check that the files that the process writes belong to that user.',
    ),
  };
}

/** Before what starts the process, so that the build before it still runs with its rights; else at the end. */
function insertionBeforeStart(stage: Stage): { readonly before?: number; readonly after?: number } {
  const start = stage.instructions.find(
    ({ keyword, isTrigger }) => !isTrigger && (keyword === 'CMD' || keyword === 'ENTRYPOINT'),
  );
  const later =
    start === undefined
      ? []
      : stage.instructions.filter((one) => one.start > start.start && ['RUN', 'COPY', 'ADD'].includes(one.keyword));
  if (start !== undefined && later.length === 0) return { before: start.start };
  return { after: stage.instructions.at(-1)?.end ?? stage.from.end };
}

function insertion(
  file: Dockerfile['file'],
  at: { readonly before?: number; readonly after?: number },
  line: string,
): Edit {
  const eol = lineEnd(file);
  if (at.before !== undefined) return { file: file.path, start: at.before, end: at.before, text: `${line}${eol}` };
  const after = at.after ?? file.text.length;
  return { file: file.path, start: after, end: after, text: `${eol}${line}` };
}

function edit(title: string, change: Edit, followUp?: string): Fix {
  return { kind: 'edit', title, edits: [change], ...(followUp === undefined ? {} : { followUp }) };
}

/** The images that come from outside: no earlier stages, not `scratch`, and known. */
function* outsideImages({
  stages,
}: Dockerfile): Iterable<{ readonly image: string; readonly word: Word; readonly stage: Stage }> {
  for (const stage of stages) {
    const { image, imageWord } = stage;
    if (stage.base !== undefined || image === undefined || imageWord === undefined || image === 'scratch') continue;
    if (!/^[a-z0-9]/i.test(image)) continue;
    yield { image, word: imageWord, stage };
  }
}

export function* baseLatest(docker: Dockerfile): Iterable<Report> {
  for (const { image, word, stage } of outsideImages(docker)) {
    if (!isLatest(parseImage(image))) continue;
    yield {
      span: stage.from,
      message: `The base image ${image} has ${parseImage(image).tag === undefined ? 'no tag' : 'the tag latest'}: each build may get another one.`,
      fix: pin(docker, word, image),
    };
  }
}

export function* baseNotPinned(docker: Dockerfile): Iterable<Report> {
  for (const { image, word, stage } of outsideImages(docker)) {
    const name = parseImage(image);
    if (name.digest !== undefined || isLatest(name)) continue;
    yield {
      span: stage.from,
      message: `The base image ${image} is named by a tag, which its owner can move to other content.`,
      fix: pin(docker, word, image),
    };
  }
}

function pin({ file }: Dockerfile, word: Word, image: string): Fix {
  if (word.text.includes('$'))
    return none('The image comes from a build argument.', 'Pin the default of the argument by digest.');
  return {
    kind: 'request',
    title: 'Pin the image to its digest',
    request: { type: 'pin-image', file: file.path, start: word.start, end: word.end, image },
  };
}

export function* addUrl({ instructions }: Dockerfile): Iterable<Report> {
  for (const instruction of instructions) {
    if (instruction.keyword !== 'ADD' || instruction.flags.some(({ text }) => text.startsWith('--checksum='))) continue;
    const url = instruction.words
      .slice(0, -1)
      .find(({ text }) => /^https?:\/\//i.test(text) && !/\.git(?:#|$)/.test(text));
    if (url === undefined) continue;
    yield {
      span: instruction,
      message: `ADD downloads ${url.text.slice(0, 100)} without looking whether it is what was expected.`,
      fix: none(
        'The checksum of the file is not known here.',
        'Give ADD the checksum of the file (`--checksum=sha256:…`), or download, verify and unpack in one RUN.',
      ),
    };
  }
}

const ARCHIVE = /\.(?:tar|tgz|tbz2?|txz|tar\.\w+)$/i;

export function* addForCopy({ file, instructions }: Dockerfile): Iterable<Report> {
  for (const instruction of instructions) {
    if (instruction.keyword !== 'ADD') continue;
    const sources = instruction.words.slice(0, -1).map(({ text }) => text);
    if (
      sources.length === 0 ||
      sources.some((text) => /^(?:https?|git|ssh):|^git@|\$|<</.test(text) || ARCHIVE.test(text) || text.endsWith('*'))
    )
      continue;
    if (instruction.flags.some(({ text }) => /^--(?:keep-git-dir|checksum|unpack)/.test(text))) continue;
    yield {
      span: instruction,
      identity: instruction.args,
      message: 'ADD unpacks archives and fetches addresses by itself; for plain files COPY does only what it says.',
      fix: edit('Copy instead', {
        file: file.path,
        start: instruction.keywordEnd - 3,
        end: instruction.keywordEnd,
        text: 'COPY',
      }),
    };
  }
}

export function* envSecret({ file, instructions }: Dockerfile): Iterable<Report> {
  for (const instruction of instructions) {
    if (instruction.keyword !== 'ENV' && instruction.keyword !== 'ARG') continue;
    for (const [name, value, word] of assignmentsOf(instruction)) {
      if (value === undefined) continue;
      if (!(isSecretName(name) && isSecretValue(name, value.text)) && !hasKnownSecret(value.text)) continue;
      const isOwn = file.placeAt(word.start, word.end);
      yield {
        span: word,
        message: `${instruction.keyword} ${name} writes a secret into the image, where everyone who has the image reads it.`,
        evidence: `${instruction.keyword} ${name}=[secret]`,
        identity: name,
        fix: none(
          'The value must be made invalid and given in another way.',
          `Rotate the secret of line ${isOwn.line}; give it at run time, or to one step by RUN --mount=type=secret.`,
        ),
      };
    }
  }
}

export function* argSecret({ instructions }: Dockerfile): Iterable<Report> {
  for (const instruction of instructions) {
    if (instruction.keyword !== 'ARG') continue;
    for (const [name, value, word] of assignmentsOf(instruction)) {
      if (!isSecretName(name) || (value !== undefined && value.text !== '')) continue;
      yield {
        span: word,
        message: `The secret ${name} comes in as a build argument; it stays readable in the history of the image.`,
        fix: none(
          'The build has to hand the secret over in another way.',
          `Mount it for the one step: RUN --mount=type=secret,id=${name.toLowerCase()} …`,
        ),
      };
    }
  }
}

const SECRET_FILES =
  /(?:^|\/)(?:\.env(?:\.(?!example|sample|template|dist|defaults?)[\w-]+)?|id_(?:rsa|dsa|ecdsa|ed25519)|\.npmrc|\.pypirc|\.netrc|\.git-credentials|\.pgpass|\.aws(?:\/credentials)?|\.ssh|\.kube(?:\/config)?|kubeconfig|\.docker\/config\.json|\.dockercfg|credentials\.json|service[-_]?account(?:[-_]?key)?\.json|\.htpasswd|[\w.-]+\.(?:p12|pfx|jks|keystore|kdbx)|[\w.-]*(?:private|server|tls|ssl|key)[\w-]*\.(?:key)|[\w-]+\.key|private[\w.-]*\.pem|[\w-]*key\.pem)\/?$/i;

export function* copySecret({ instructions }: Dockerfile): Iterable<Report> {
  for (const instruction of instructions) {
    if (instruction.keyword !== 'COPY' && instruction.keyword !== 'ADD') continue;
    if (instruction.flags.some(({ text }) => text.startsWith('--from='))) continue;
    const source = instruction.words
      .slice(0, -1)
      .find(({ text }) => SECRET_FILES.test(text) && !/public|\.pub|pub\.key/i.test(text));
    if (source === undefined) continue;
    yield {
      span: instruction,
      message: `${source.text} goes into the image; files like it hold secrets, and a later RUN rm does not take them out of the layer.`,
      fix: none(
        'What needs the file is not known here.',
        'Mount it for the one step that needs it (RUN --mount=type=secret), or give it at run time; add it to .dockerignore.',
      ),
    };
  }
}

export function* exposeSsh({ instructions }: Dockerfile): Iterable<Report> {
  for (const instruction of instructions) {
    if (instruction.keyword !== 'EXPOSE') continue;
    const port = instruction.words.find(({ text }) => /^22(?:\/tcp)?$/i.test(text));
    if (port === undefined) continue;
    yield {
      span: instruction,
      message: 'Port 22 is exposed: a remote shell into a container goes round everything that watches it.',
      fix: none(
        'Whether someone logs in there is not known.',
        'Take the SSH server out; look into containers with the tools of the runtime.',
      ),
    };
  }
}

export function* healthcheckMissing({ stages }: Dockerfile): Iterable<Report> {
  const final = stages.at(-1);
  if (final === undefined || !isService(final)) return;
  for (let at: Stage | undefined = final; at !== undefined; at = at.base) {
    if (at.instructions.some(({ keyword }) => keyword === 'HEALTHCHECK')) return;
  }
  yield {
    span: final.from,
    message: 'There is no HEALTHCHECK: a process that hangs counts as running.',
    fix: none(
      'What a healthy answer looks like is not known here.',
      'Add a HEALTHCHECK that asks the service; on Kubernetes write probes instead.',
    ),
  };
}

/** Something that starts, not an image to build on. */
function isService(stage: Stage): boolean {
  for (let at: Stage | undefined = stage; at !== undefined; at = at.base) {
    if (at.instructions.some(({ keyword }) => ['CMD', 'ENTRYPOINT', 'EXPOSE'].includes(keyword))) return true;
  }
  return false;
}

export function* workdirRelative({ file, stages }: Dockerfile): Iterable<Report> {
  for (const stage of stages) {
    let isAnchored = stage.base !== undefined;
    for (const instruction of stage.instructions) {
      const word = instruction.keyword === 'WORKDIR' ? instruction.words[0] : undefined;
      if (word === undefined) continue;
      const isAbsolute = /^["']?(?:\/|\$|[A-Za-z]:|\\)/.test(word.text);
      if (!isAbsolute && !isAnchored) {
        yield {
          span: instruction,
          message: `WORKDIR ${word.text} depends on where the base image happens to stand.`,
          fix: edit('Make it absolute', { file: file.path, start: word.start, end: word.start, text: '/' }),
        };
      }
      isAnchored = true;
    }
  }
}

export function* maintainer({ file, instructions }: Dockerfile): Iterable<Report> {
  for (const instruction of instructions) {
    if (instruction.keyword !== 'MAINTAINER') continue;
    const name = instruction.args.trim().replaceAll(/^["']|["']$/g, '');
    const text = `LABEL org.opencontainers.image.authors=${JSON.stringify(name)}`;
    yield {
      span: instruction,
      message: 'MAINTAINER is deprecated; a label says the same and tools read it.',
      fix: edit('Write a label', { file: file.path, start: instruction.start, end: instruction.end, text }),
    };
  }
}

/** Only the last of them counts in a stage. */
export function* repeatedStart({ file, stages }: Dockerfile): Iterable<Report> {
  for (const stage of stages) {
    for (const keyword of ['CMD', 'ENTRYPOINT', 'HEALTHCHECK']) {
      const all = stage.instructions.filter((one) => one.keyword === keyword && !one.isTrigger);
      for (const instruction of all.slice(0, -1)) {
        const end = file.text.indexOf('\n', instruction.end);
        yield {
          span: instruction,
          message: `A later ${keyword} of this stage replaces this one: it never runs.`,
          fix: edit('Take it out', {
            file: file.path,
            start: instruction.start,
            end: end === -1 ? file.text.length : end + 1,
            text: '',
          }),
        };
      }
    }
  }
}

export function* shellForm({ file, stages }: Dockerfile): Iterable<Report> {
  const final = stages.at(-1);
  for (const instruction of final?.instructions ?? []) {
    if (!['CMD', 'ENTRYPOINT'].includes(instruction.keyword) || instruction.isExec || instruction.isTrigger) continue;
    if (/^\s*exec\s/.test(instruction.args) || instruction.args.trim() === '') continue;
    yield {
      span: instruction,
      message: `${instruction.keyword} in the shell form starts a shell as the first process, which does not pass signals on.`,
      fix: execForm(instruction),
    };
  }

  function execForm(instruction: Instruction): Fix {
    const isPlain = /^[\w./:=@ -]+$/.test(instruction.args.trim());
    if (!isPlain)
      return none(
        'The shell interprets something in it.',
        'Write the exec form, ["program", "argument"], or begin with exec.',
      );
    const items = instruction.args
      .trim()
      .split(/\s+/)
      .map((word) => JSON.stringify(word));
    const change = {
      file: file.path,
      start: instruction.argsStart,
      end: instruction.argsStart + instruction.args.trimEnd().length,
      text: `[${items.join(', ')}]`,
    };
    return edit('Write the exec form', change);
  }
}

export function* chmodOnCopy({ instructions }: Dockerfile): Iterable<Report> {
  for (const instruction of instructions) {
    const flag = instruction.flags.find(({ text }) => /^--chmod=(?:0?[0-7]?[0-7]{2}[2367]|a\+rwx)$/.test(text));
    if (flag !== undefined)
      yield {
        span: instruction,
        message: `${flag.text} lets everyone in the container change the file.`,
        fix: none('Who has to write is not known here.', 'Give the owner alone the right to write: --chmod=0755.'),
      };
  }
}
