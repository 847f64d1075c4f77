import { Badge, Button, Group, MultiSelect, NumberInput, Radio, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { Dialog } from '../shell/dialog.tsx';
import { api, type Of, told, usePages, useRead } from '../shell/api.ts';
import { EmptyState } from '../shell/empty-state.tsx';
import { ErrorState } from '../shell/error-state.tsx';
import { PageFrame } from '../shell/page.tsx';
import { RowsSkeleton } from '../shell/skeletons.tsx';
import { Time, useNow } from '../shell/time.tsx';
import { OneTimeSecret } from './secret.tsx';
import { useAct } from './use-act.ts';

const DAYS_DEFAULT = 30;
const DAYS_MAX = 90;
/** What programs are given most; docs/reference/identity.md has all. */
const SCOPES = [
  'repository.read',
  'repository.write',
  'repository.direct-push',
  'repository.administer',
  'repository.create',
  'run.read',
  'run.dispatch',
  'run.rerun',
  'run.cancel',
  'schedule.read',
  'status.write',
  'check.write',
  'finding.read',
  'finding.write',
  'variable.read',
  'variable.manage',
  'access.read',
  'access.manage',
  'member.read',
  'member.manage',
  'token.manage',
  'token.review',
  'runner.read',
  'runner.manage',
  'audit.read',
  'metrics.read',
];

export function Page() {
  const tokens = usePages('/api/v1/tokens', { params: { query: { limit: 50 } } });
  const [isOpen, setOpen] = useState(false);
  const [made, setMade] = useState<Of<'MadeToken'>>();
  const items = tokens.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <PageFrame
      title="Tokens"
      about="For git, the command line and programs. Each ends by itself and may no more than you gave it."
      actions={<Button onClick={() => setOpen(true)}>Make a token</Button>}
    >
      {made === undefined ? null : (
        <OneTimeSecret title={`The token ${made.info.name}`} text={made.token} onClose={() => setMade(undefined)}>
          It is not shown again.
        </OneTimeSecret>
      )}
      {tokens.error !== null ? <ErrorState error={tokens.error} onRetry={() => void tokens.refetch()} /> : null}
      {tokens.isPending ? <RowsSkeleton /> : null}
      {tokens.data !== undefined && items.length === 0 ? (
        <EmptyState title="No token yet">
          <code>sallyport login</code> makes one for the command line. Make others here for programs, each for as little
          as it needs.
        </EmptyState>
      ) : null}
      {items.length === 0 ? null : (
        <div className="sp-panel sp-rows">
          {items.map((token) => (
            <TokenRow key={token.id} token={token} />
          ))}
        </div>
      )}
      {tokens.hasNextPage ? (
        <Button variant="default" loading={tokens.isFetchingNextPage} onClick={() => void tokens.fetchNextPage()}>
          Show more
        </Button>
      ) : null}
      {isOpen ? (
        <NewToken
          onClose={() => setOpen(false)}
          onMade={(token) => {
            setOpen(false);
            setMade(token);
          }}
        />
      ) : null}
    </PageFrame>
  );
}

function TokenRow({ token }: { readonly token: Of<'Token'> }) {
  const now = useNow();
  const revoke = useAct((id: number) =>
    told(api.DELETE('/api/v1/tokens/{token}', { params: { path: { token: id } } })),
  );
  const isOver = token.revokedAt !== undefined || Date.parse(token.expiresAt) <= now;
  return (
    <Group className="sp-row" justify="space-between">
      <div>
        <Group gap="xs">
          <Text fw={600} {...(isOver ? { c: 'dimmed' } : {})}>
            {token.name}
          </Text>
          <Text size="sm" c="dimmed">
            …{token.hint}
          </Text>
          {token.revokedAt === undefined ? null : (
            <Badge variant="light" color="gray">
              revoked
            </Badge>
          )}
          {isOver && token.revokedAt === undefined ? (
            <Badge variant="light" color="gray">
              ended
            </Badge>
          ) : null}
        </Group>
        <Text size="sm" c="dimmed">
          {token.scopes.includes('all') ? 'everything that you may' : token.scopes.join(', ')}
          {token.repositories === undefined ? '' : `, in ${token.repositories.length} repositories`}; ends{' '}
          <Time at={token.expiresAt} />;{' '}
          {token.lastUsedAt === undefined ? (
            'not used yet'
          ) : (
            <>
              used <Time at={token.lastUsedAt} />
            </>
          )}
        </Text>
      </div>
      {isOver ? null : (
        <Button
          size="xs"
          variant="default"
          loading={revoke.isPending}
          aria-label={`Revoke ${token.name}`}
          onClick={() => revoke.mutate(token.id)}
        >
          Revoke
        </Button>
      )}
    </Group>
  );
}

type NewTokenProps = { readonly onClose: () => void; readonly onMade: (made: Of<'MadeToken'>) => void };

function NewToken({ onClose, onMade }: NewTokenProps) {
  const [name, setName] = useState('');
  const [kind, setKind] = useState('some');
  const [scopes, setScopes] = useState<string[]>([]);
  const [chosen, setChosen] = useState<string[]>([]);
  const [days, setDays] = useState<number | string>(DAYS_DEFAULT);
  const repositories = useRead('/api/v1/repositories', { params: { query: { limit: 100 } } });
  const make = useAct(
    () =>
      told(
        api.POST('/api/v1/tokens', {
          body: {
            name: name.trim(),
            scopes: kind === 'all' ? ['all'] : scopes,
            days: Number(days),
            ...(chosen.length === 0 ? {} : { repositories: chosen.map(Number) }),
          },
        }),
      ),
    onMade,
  );
  return (
    <Dialog onClose={onClose} title="Make a token" size="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          make.mutate(undefined);
        }}
      >
        <Stack gap="md">
          <TextInput
            label="Name"
            description="Where it will be used"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            maxLength={100}
            required
            data-autofocus
          />
          <Radio.Group label="It may" value={kind} onChange={setKind}>
            <Stack gap="xs" mt="xs">
              <Radio value="some" label="only what is named" />
              <Radio value="all" label="everything that you may, except making passkeys" />
            </Stack>
          </Radio.Group>
          {kind === 'some' ? (
            <MultiSelect
              label="Scopes"
              data={SCOPES}
              value={scopes}
              onChange={setScopes}
              searchable
              hidePickedOptions
              placeholder={scopes.length === 0 ? 'run.read, repository.read …' : ''}
            />
          ) : null}
          <MultiSelect
            label="Repositories"
            description="None chosen: all that you may"
            data={(repositories.data?.items ?? []).map((row) => ({
              value: String(row.id),
              label: `${row.owner}/${row.name}`,
            }))}
            value={chosen}
            onChange={setChosen}
            searchable
          />
          <NumberInput label="Days until it ends" min={1} max={DAYS_MAX} value={days} onChange={setDays} required />
          <Group>
            <Button type="submit" loading={make.isPending} disabled={kind === 'some' && scopes.length === 0}>
              Make it
            </Button>
            <Text size="sm" c="dimmed">
              Your passkey approves it.
            </Text>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
