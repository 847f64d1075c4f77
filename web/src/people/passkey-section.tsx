import { Badge, Button, Group, Stack, Text, TextInput, Title } from '@mantine/core';
import { useState } from 'react';
import { Dialog } from '../shell/dialog.tsx';
import { api, type Of, told, useRead } from '../shell/api.ts';
import { Answer } from '../shell/answer.tsx';
import { EmptyState } from '../shell/empty-state.tsx';
import { useMe } from '../shell/me.ts';
import { deviceName, makePasskey } from '../shell/passkey.ts';
import { Time } from '../shell/time.tsx';
import { RecoveryCodes } from './recovery-codes.tsx';
import { Problem } from './setup-page.tsx';
import { useAct } from './use-act.ts';

async function addPasskey(): Promise<Of<'Passkey'>> {
  const answer = await makePasskey(await told(api.POST('/api/v1/user/passkeys/options', {})));
  return told(api.POST('/api/v1/user/passkeys', { body: { name: deviceName(), answer } }));
}

export function PasskeySection() {
  const passkeys = useRead('/api/v1/user/passkeys', {});
  const me = useMe().data;
  const [error, setError] = useState<unknown>();
  const [codes, setCodes] = useState<readonly string[]>();
  const [renamed, setRenamed] = useState<Of<'Passkey'>>();
  const add = useAct(() => addPasskey().then(() => setError(undefined), setError));
  const remove = useAct((passkey: number) =>
    told(api.DELETE('/api/v1/user/passkeys/{passkey}', { params: { path: { passkey } } })),
  );
  const methods = useRead('/api/v1/sign-in/methods', {}).data;
  const link = useAct(
    () => told(api.POST('/api/v1/user/link', {})),
    ({ to }) => globalThis.location.assign(to),
  );
  const makeCodes = useAct(
    () => told(api.POST('/api/v1/user/recovery-codes', {})),
    (made) => setCodes(made.codes),
  );
  return (
    <section aria-labelledby="passkeys">
      <Group justify="space-between" mb="sm">
        <Title order={2} id="passkeys">
          Passkeys
        </Title>
        <Button size="xs" loading={add.isPending} onClick={() => add.mutate(undefined)}>
          Add a passkey
        </Button>
      </Group>
      <Stack gap="md">
        <Problem error={error} />
        <Answer of={passkeys} rows={2}>
          {({ items, recoveryCodesLeft }) => (
            <>
              {items.length === 0 ? (
                <EmptyState title="No passkey yet">
                  With a passkey you sign in here, and approve what lasts: tokens, roles, people.
                </EmptyState>
              ) : (
                <div className="sp-panel sp-rows">
                  {items.map((passkey) => (
                    <PasskeyRow
                      key={passkey.id}
                      passkey={passkey}
                      isLast={items.length === 1}
                      onRename={() => setRenamed(passkey)}
                      onRemove={() => remove.mutate(passkey.id)}
                    />
                  ))}
                </div>
              )}
              <Group justify="space-between">
                <Text size="sm" c={recoveryCodesLeft < 3 ? 'red' : 'dimmed'}>
                  {recoveryCodesLeft === 0
                    ? 'No recovery code is left: make new ones.'
                    : `${recoveryCodesLeft} recovery codes are left.`}
                </Text>
                <Button
                  size="xs"
                  variant="default"
                  loading={makeCodes.isPending}
                  onClick={() => makeCodes.mutate(undefined)}
                >
                  Make new recovery codes
                </Button>
              </Group>
            </>
          )}
        </Answer>
        {methods?.provider === undefined ? null : (
          <Group justify="space-between">
            <Text size="sm" c="dimmed">
              Link your account there, and sign in with either.
            </Text>
            <Button size="xs" variant="default" loading={link.isPending} onClick={() => link.mutate(undefined)}>
              Link {methods.provider.name}
            </Button>
          </Group>
        )}
      </Stack>
      {codes === undefined ? null : (
        <Dialog title="New recovery codes" size="lg" staysOnClickOutside onClose={() => setCodes(undefined)}>
          <RecoveryCodes codes={codes} who={me?.name ?? ''} onDone={() => setCodes(undefined)} doneLabel="Done" />
        </Dialog>
      )}
      {renamed === undefined ? null : <Rename passkey={renamed} onClose={() => setRenamed(undefined)} />}
    </section>
  );
}

type RowProps = {
  readonly passkey: Of<'Passkey'>;
  readonly isLast: boolean;
  readonly onRename: () => void;
  readonly onRemove: () => void;
};

function PasskeyRow({ passkey, isLast, onRename, onRemove }: RowProps) {
  const { name, synced, createdAt, lastUsedAt } = passkey;
  return (
    <Group className="sp-row" justify="space-between">
      <div>
        <Group gap="xs">
          <Text fw={600}>{name}</Text>
          {synced ? (
            <Badge variant="light" color="gray" title="A provider keeps copies of it on several devices">
              synced
            </Badge>
          ) : null}
        </Group>
        <Text size="sm" c="dimmed">
          made <Time at={createdAt} />
          {lastUsedAt === undefined ? (
            ', not used yet'
          ) : (
            <>
              , used <Time at={lastUsedAt} />
            </>
          )}
        </Text>
      </div>
      <Group gap="xs">
        <Button size="xs" variant="default" aria-label={`Rename ${name}`} onClick={onRename}>
          Rename
        </Button>
        <Button
          size="xs"
          variant="default"
          aria-label={`Remove ${name}`}
          disabled={isLast}
          title={isLast ? 'Add another one first: nobody signs in without one' : undefined}
          onClick={onRemove}
        >
          Remove
        </Button>
      </Group>
    </Group>
  );
}

function Rename({ passkey, onClose }: { readonly passkey: Of<'Passkey'>; readonly onClose: () => void }) {
  const [name, setName] = useState(passkey.name);
  const rename = useAct(
    () =>
      told(
        api.PATCH('/api/v1/user/passkeys/{passkey}', {
          params: { path: { passkey: passkey.id } },
          body: { name: name.trim() },
        }),
      ),
    onClose,
  );
  return (
    <Dialog onClose={onClose} title="Rename the passkey">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          rename.mutate(undefined);
        }}
      >
        <Stack gap="md">
          <TextInput
            label="Name"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            maxLength={60}
            required
            data-autofocus
          />
          <Button type="submit" loading={rename.isPending}>
            Rename
          </Button>
        </Stack>
      </form>
    </Dialog>
  );
}
