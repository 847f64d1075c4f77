import { Anchor, Button, Group, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from 'react-router';
import { Answer } from '../shell/answer.tsx';
import { api, type ApiError, type Of, told, useRead } from '../shell/api.ts';
import { ErrorState } from '../shell/error-state.tsx';
import { formats } from '../shell/format.ts';
import { NotFoundPage } from '../shell/not-found.tsx';
import { PageFrame } from '../shell/page.tsx';
import { Time } from '../shell/time.tsx';
import { OUTCOMES } from './audit-page.tsx';
import { entryFacts } from './entry-facts.ts';
import classes from './operate.module.css';
import { checkProof, type ProofCheck } from './proof.ts';
import { StateMark } from './state-mark.tsx';

const ID = /^[1-9]\d{0,14}$/;

export function Page() {
  const { entry = '' } = useParams();
  const id = Number(entry);
  const found = useRead('/api/v1/audit/{entry}', { params: { path: { entry: id } } }, { enabled: ID.test(entry) });
  if (!ID.test(entry) || found.error?.status === 404) return <NotFoundPage />;
  return <Answer of={found}>{(data) => <Entry entry={data} />}</Answer>;
}

function Entry({ entry }: { readonly entry: Of<'AuditEntryDetail'> }) {
  const { action, actor, resource, outcome, time } = entryFacts(entry.body);
  const [mark, text] = OUTCOMES[outcome] ?? ['none', outcome];
  return (
    <PageFrame
      title={`Entry ${entry.id}: ${action}`}
      heading={<bdi>{action}</bdi>}
      about={
        <Anchor component={Link} to="/-/audit">
          Audit log
        </Anchor>
      }
    >
      <Text component="div">
        <StateMark mark={mark} text={text} /> · <bdi>{resource}</bdi>, by <bdi>{actor}</bdi>, <Time at={time} /> · entry{' '}
        {entry.id}
        {entry.position === undefined ? ', in no checkpoint yet' : `, place ${entry.position} in the tree`}
      </Text>
      <pre className={`sp-panel ${classes['json'] ?? ''}`} tabIndex={0} role="group" aria-label="The entry">
        <bdi>{JSON.stringify(entry.body, undefined, 2)}</bdi>
      </pre>
      {entry.personal === undefined ? null : (
        <dl className={`sp-panel sp-rows ${classes['list'] ?? ''}`}>
          {Object.entries(entry.personal).map(([name, value]) => (
            <div key={name} className={classes['row'] ?? ''}>
              <dt>{name}</dt>
              <dd>
                <bdi>{value}</bdi>
              </dd>
            </div>
          ))}
        </dl>
      )}
      <Proof id={entry.id} isPlaced={entry.position !== undefined} />
    </PageFrame>
  );
}

type Told = { readonly check: ProofCheck; readonly leaf: string; readonly proof: string };

/** Gets what is needed from the server, and believes none of it: this browser computes. */
function Proof({ id, isPlaced }: { readonly id: number; readonly isPlaced: boolean }) {
  const proving = useQuery<Told, ApiError | Error>({
    queryKey: ['proof', id],
    enabled: false,
    retry: false,
    queryFn: async () => {
      const [{ leaf, proof }, keys] = await Promise.all([
        told(api.GET('/api/v1/audit/{entry}/proof', { params: { path: { entry: id } } })),
        told(api.GET('/api/v1/audit/keys', {})),
      ]);
      const check = await checkProof(leaf, proof, [
        { ...keys.log, kind: 'log' },
        { ...keys.witness, kind: 'witness' },
      ]);
      return { check, leaf, proof };
    },
  });
  return (
    <Stack gap="sm" component="section">
      <Group justify="space-between">
        <Title order={2}>Proof</Title>
        <Button size="xs" variant="default" loading={proving.isFetching} onClick={() => void proving.refetch()}>
          Verify in this browser
        </Button>
      </Group>
      <Text size="sm" c="dimmed">
        {isPlaced
          ? 'The entry is hashed, and hashed together with its neighbours up to the root that keeper and witness signed. Your browser does it with its own means.'
          : 'The next checkpoint takes it in; until then there is no proof.'}
      </Text>
      {proving.error === null ? null : <ErrorState error={proving.error} />}
      {proving.data === undefined ? null : <Checked told={proving.data} />}
    </Stack>
  );
}

function Checked({ told: { check, proof } }: { readonly told: Told }) {
  const holds = check.isIncluded && check.signatures.every(({ isValid }) => isValid);
  return (
    <Stack gap="sm" role="status">
      <Text fw={600}>
        {holds ? (
          <StateMark mark="good" text={`Proved: the log of ${check.origin} has this entry at place ${check.index}`} />
        ) : (
          <StateMark mark="bad" text="Not proved: what the server told does not fit together" />
        )}
      </Text>
      <div className="sp-panel">
        <Stack p="md" gap="xs">
          <ol className={classes['steps'] ?? ''}>
            <li>
              SHA-256 of a zero byte and the entry as it was hashed: <Hash text={check.leafHash} />
            </li>
            {check.steps.map((step, at) => (
              <li key={`${at} ${step.result}`}>
                with the hash on the {step.side} <Hash text={step.sibling} /> gives <Hash text={step.result} />
              </li>
            ))}
            <li>
              The root of {formats.plural(check.size, { one: '# entry', other: '# entries' })} that was signed:{' '}
              <Hash text={check.signedRoot} />{' '}
              {check.isIncluded ? <StateMark mark="good" text="the same" /> : <StateMark mark="bad" text="another" />}
            </li>
            {check.signatures.map(({ name, isValid, at }) => (
              <li key={name}>
                Signature of <bdi className="sp-mono">{name}</bdi>
                {at === undefined ? null : ` of ${formats.exact(at)}`}:{' '}
                {isValid ? <StateMark mark="good" text="valid" /> : <StateMark mark="bad" text="not valid" />}
              </li>
            ))}
          </ol>
          <Text size="sm" c="dimmed">
            The keys came from this server. Compare them with the ones that you wrote down, or verify a download with
            sallyport audit, which knows them otherwise.
          </Text>
        </Stack>
      </div>
      <Group>
        <Button
          size="xs"
          variant="default"
          component="a"
          download="proof.txt"
          href={`data:text/plain;charset=utf-8,${encodeURIComponent(proof)}`}
        >
          Download the proof
        </Button>
      </Group>
    </Stack>
  );
}

const Hash = ({ text }: { readonly text: string }) => <span className={classes['hash'] ?? ''}>{text}</span>;
