/** What an attempt to reach something tells of where it went. */
export type Reached = {
  readonly via: string;
  readonly host: string;
  readonly port: number;
  readonly reason?: string | undefined;
};

export type EgressProposal =
  | {
      readonly ok: true /** The entry alone. */;
      readonly line: string /** As it stands in the file. */;
      readonly text: string;
    }
  | { readonly ok: false; readonly why: string };

const HOST_CHARACTERS_MAX = 253;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
const HTTPS_PORT = 443;

/**
 * The line of `.sallyport/egress.yml` that would let an attempt through. Only for a name that is one beyond doubt: what a job asks for is
 * chosen by the job, and this line is pasted by a person.
 */
export function proposalFor({ via, host, port, reason }: Reached): EgressProposal {
  const name = host.toLowerCase().replace(/\.$/, '');
  const labels = name.split('.');
  if (reason === 'private-address') {
    return { ok: false, why: 'It is, or leads to, an address of a private network: only the operator can allow that.' };
  }
  if (/^[\d.]+$/.test(name) || name.includes(':') || /^(?:\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '')) {
    return { ok: false, why: 'It was asked for by its address. Only names can be allowed: let the job use the name.' };
  }
  if (name.length > HOST_CHARACTERS_MAX || labels.length < 2 || !labels.every((label) => LABEL.test(label))) {
    return { ok: false, why: 'It is not the name of a host on the internet, so there is no line that would allow it.' };
  }
  // Who asks for a name has not said which port it wants.
  const wanted = via === 'dns' || via === 'udp' || port < 1 || port > 65_535 ? HTTPS_PORT : port;
  const entry = `${name}:${wanted}`;
  return { ok: true, line: `  - ${entry}`, text: `allow:\n  - ${entry}` };
}
