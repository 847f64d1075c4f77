import { type Secret, unreachable } from '../base/index.ts';
import type { MailMessage } from './mail-text.ts';
import { oneLine } from './mail-text.ts';

const SMTP_MS_MAX = 15_000;
const SUBJECT_MAX = 200;

export type SmtpSettings = {
  readonly host: string;
  readonly port: number;
  /** `tls` from the first byte; `starttls` before anything is said, or not at all; `plain` by the operator's word. */
  readonly security: 'tls' | 'starttls' | 'plain';
  readonly user?: string;
  readonly password?: Secret;
  readonly from: string;
  readonly ca?: string;
};

export type Mailer = {
  send(to: string, message: MailMessage & { readonly id: string }): Promise<void>;
  close(): void;
};

/** Mail over SMTP. The library reads no file and fetches nothing that a message names. */
export async function createMailer(settings: SmtpSettings): Promise<Mailer> {
  const { createTransport } = await import('nodemailer');
  const { host, port, security, user, password, from, ca } = settings;
  const transport = createTransport({
    host,
    port,
    ...tlsOf(security),
    ...(ca === undefined ? {} : { tls: { ca } }),
    ...(user === undefined || password === undefined ? {} : { auth: { user, pass: password.expose() } }),
    connectionTimeout: SMTP_MS_MAX,
    greetingTimeout: SMTP_MS_MAX,
    socketTimeout: SMTP_MS_MAX,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const domain = from.slice(from.lastIndexOf('@') + 1);
  return {
    async send(to, { subject, text, id }) {
      await transport.sendMail({
        from,
        // As an object: a text would be read as a list of addresses.
        to: { name: '', address: to },
        envelope: { from, to: [to] },
        subject: oneLine(subject, SUBJECT_MAX),
        text,
        messageId: `<${id}@${domain}>`,
        headers: { 'Auto-Submitted': 'auto-generated' },
      });
    },
    close: () => transport.close(),
  };
}

function tlsOf(security: SmtpSettings['security']) {
  switch (security) {
    case 'tls':
      return { secure: true };
    case 'starttls':
      return { secure: false, requireTLS: true };
    case 'plain':
      return { secure: false, ignoreTLS: true };
    default:
      return unreachable(security);
  }
}
