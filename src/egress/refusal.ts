import { excerpt } from '../base/index.ts';
import type { EgressRecord } from '../protocol/index.ts';
import { readHost } from './host.ts';

/** The file where a repository lists what its jobs may reach. */
export const EGRESS_FILE = '.sallyport/egress.yml';

/** What each reason means, and whether listing the host would change it. */
const REASONS: { readonly [reason: string]: string } = {
  'address-literal': 'connections go by name, never by address',
  'private-address':
    'it resolves to a private address; only who operates the runner can allow that, with --allow-private',
  'name-mismatch': 'the connection asked for another name than the one it resolved',
  'several-names': 'the connection named several hosts',
  'no-name': 'the connection did not say which host it is for',
  ech: 'the connection hides its host (encrypted ClientHello); turn that off in the client',
  'not-tls': 'port 443 is for TLS only',
  'not-http': 'port 80 is for HTTP only',
  'malformed-hello': 'its TLS hello is malformed',
  'hello-too-large': 'its TLS hello is too large',
  'malformed-request': 'its request is malformed',
  'malformed-query': 'its DNS query is malformed',
  'reverse-lookup': 'addresses are not looked up',
  'not-supported': 'the proxy only connects, it does not listen or relay',
  unresolvable: 'its name does not exist, or the name server of this machine does not answer',
  unreachable: 'it does not answer',
  'too-many-connections': 'the job has too many connections open',
  'too-many-names': 'the job asked for too many names',
  'too-many-records': 'the job made too many attempts',
};

/** The one line in the log of a step for a refused attempt: host, port and what to change. Never longer than the host. */
export function refusalLine(record: EgressRecord): string {
  const host = printable(record.host);
  const who = record.process === undefined ? '' : ` (${printable(record.process)})`;
  const reason = record.reason ?? 'not-listed';
  if (reason === 'not-listed' || reason === 'port-not-listed') {
    // A refused query does not tell the port; nearly all of them are for HTTPS.
    const port = record.via === 'dns' ? 443 : record.port;
    const what = record.via === 'dns' ? host : `${host}:${record.port}`;
    // A line that the list could not hold is no help, and what a job asks for may be made to be pasted.
    if (readHost(record.host).kind !== 'name') return `Egress refused: ${what}${who} is not the name of a host.`;
    return `Egress refused: ${what}${who} is not in the allow list. To allow it, add to ${EGRESS_FILE}: allow: ["${host}:${port}"]`;
  }
  const place = record.via === 'dns' ? host : `${host}:${record.port}`;
  return `Egress refused: ${place}${who}: ${REASONS[reason] ?? reason}.`;
}

/** The host comes from the job: control characters must not reach a terminal. */
function printable(text: string): string {
  return excerpt(text.replace(/[^\x20-\x7e]/g, '?'));
}
