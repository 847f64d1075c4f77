type Body = { readonly [key: string]: unknown };

export type EntryFacts = {
  readonly action: string;
  /** `user 3, by token:7`. */
  readonly actor: string;
  readonly resource: string;
  readonly outcome: string;
  readonly time: string;
};

/** What a line of a list says of an entry. What is not there, or has another form, is left empty: every text is text of others. */
export function entryFacts(body: Body): EntryFacts {
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  const part = (value: unknown): Body => (typeof value === 'object' && value !== null ? { ...value } : {});
  const actor = part(body['actor']);
  const resource = part(body['resource']);
  const via = text(actor['via']);
  return {
    action: text(body['action']),
    actor: `${text(actor['type'])} ${text(actor['id'])}${via === '' ? '' : `, by ${via}`}`,
    resource: `${text(resource['type'])} ${text(resource['id'])}`,
    outcome: text(body['outcome']),
    time: text(body['time']),
  };
}
