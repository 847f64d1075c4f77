/**
 * Header injection by mail: the name of a workflow, a branch or a repository holds a line feed, and begins a header, another recipient or
 * another mail. Wanted: one mail to one person, whose subject is one line. The control writes the same subject as it is.
 */
import { createServer, connect, type Socket } from 'node:net';
import { createMailer } from '../../../src/notify/index.ts';
import type { OutgoingAttack } from './outgoing.ts';

const TEXTS = [
  ['crlf', 'CI\r\nBcc: victim@example.org'],
  ['lf', 'CI\nBcc: victim@example.org'],
  ['cr', 'CI\rBcc: victim@example.org'],
  ['body', 'CI\r\n\r\n<script>alert(1)</script>'],
] as const;

/** Takes mail, and keeps what a reader would see: headers in their lines, and recipients. */
async function openMailbox() {
  const mails: { readonly recipients: readonly string[]; readonly data: string }[] = [];
  const server = createServer((socket: Socket) => {
    let recipients: string[] = [];
    let data: string | undefined;
    let rest = '';
    socket.on('error', () => undefined);
    socket.write('220 mailbox\r\n');
    socket.on('data', (part) => {
      rest += part.toString('latin1');
      for (let end = rest.indexOf('\r\n'); end !== -1; end = rest.indexOf('\r\n')) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (data !== undefined && line !== '.') data += `${line}\n`;
        else if (data !== undefined) {
          mails.push({ recipients, data });
          data = undefined;
          socket.write('250 taken\r\n');
        } else if (line === 'DATA') {
          data = '';
          socket.write('354 go on\r\n');
        } else {
          if (line.startsWith('RCPT')) recipients = [...recipients, line];
          socket.write('250 ok\r\n');
        }
      }
    });
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  return {
    mails,
    port: typeof address === 'object' && address !== null ? address.port : 0,
    [Symbol.asyncDispose]: () => new Promise<void>((done) => server.close(() => done())),
  };
}

/** As somebody writes it who puts texts together. */
async function sendPlainly(port: number, subject: string): Promise<void> {
  const lines = ['HELO x', 'MAIL FROM:<ci@example.org>', 'RCPT TO:<ada@example.org>', 'DATA'];
  const mail = `From: ci@example.org\r\nTo: ada@example.org\r\nSubject: ${subject}\r\n\r\nhello\r\n.`;
  await new Promise<void>((done, failed) => {
    const waiting = [...lines, mail];
    const socket = connect(port, '127.0.0.1');
    socket.once('error', failed);
    socket.on('data', () => {
      const next = waiting.shift();
      if (next === undefined) {
        socket.end();
        done();
      } else socket.write(`${next}\r\n`);
    });
  });
}

/** Lines of the head of a mail that are no continuation, and whether its text is another than what was sent. */
function isInjected(data: string): boolean {
  const [head = '', ...body] = data.replaceAll('\r', '\n').split(/\n\n/);
  const isBare = data.replaceAll('\r\n', '').includes('\r');
  const hasBcc = /^Bcc:/im.test(head) || body.some((part) => /^Bcc:/m.test(part));
  return hasBcc || isBare || body.join('\n').includes('<script>');
}

export const attacks: readonly OutgoingAttack[] = TEXTS.map(([id, subject]) => ({
  id: `K13-mail-${id}`,
  title: `a name with ${JSON.stringify(subject.slice(2, 6))} in the subject of a mail`,
  controls: ['K13'],
  async attempt() {
    await using mailbox = await openMailbox();
    const mailer = await createMailer({
      host: '127.0.0.1',
      port: mailbox.port,
      security: 'plain',
      from: 'ci@example.org',
    });
    await mailer.send('ada@example.org', { subject, text: 'hello\n', id: 'msg_1' });
    mailer.close();
    const [mail] = mailbox.mails;
    const refused = mailbox.mails.length === 1 && mail?.recipients.length === 1 && !isInjected(mail.data);
    await sendPlainly(mailbox.port, subject);
    const plain = mailbox.mails.at(-1);
    const succeeded = mailbox.mails.length === 2 && plain !== undefined && isInjected(plain.data);
    return { refused, succeeded, detail: JSON.stringify(mail?.data.slice(0, 300) ?? '') };
  },
}));
