import { Alert, Anchor, Button, Stack, Text, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useState } from 'react';
import { Link, useNavigate } from 'react-router';
import { api, ApiError, type Of, told } from '../shell/api.ts';
import { ErrorState } from '../shell/error-state.tsx';
import { PageFrame } from '../shell/page.tsx';
import { deviceName, makePasskey, PasskeyError } from '../shell/passkey.ts';
import { RowsSkeleton } from '../shell/skeletons.tsx';
import { RecoveryCodes } from './recovery-codes.tsx';

const NAME_NEEDED = 'identity/name-needed';

/** What the link had behind its `#`. It is taken out of the address at once: a history is read by others. */
function takeCode(): string {
  const code = globalThis.location.hash.slice(1);
  if (code !== '') globalThis.history.replaceState(null, '', globalThis.location.pathname);
  return code;
}

export function Page() {
  const [code, setCode] = useState(takeCode);
  const [made, setMade] = useState<Of<'Registered'>>();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const goOn = () => {
    queries.clear();
    void navigate('/', { replace: true });
  };
  if (made !== undefined) {
    return (
      <PageFrame title={`Welcome, ${made.user.name}`} about="Your passkey is made, and you are signed in.">
        {made.recoveryCodes.length === 0 ? (
          <Button onClick={goOn}>Go on</Button>
        ) : (
          <RecoveryCodes codes={made.recoveryCodes} who={made.user.name} onDone={goOn} doneLabel="Go on" />
        )}
      </PageFrame>
    );
  }
  return code === '' ? (
    <AskCode onCode={setCode} />
  ) : (
    <Register code={code} onMade={setMade} onOther={() => setCode('')} />
  );
}

function AskCode({ onCode }: { readonly onCode: (code: string) => void }) {
  const [text, setText] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() !== '') onCode(text.trim());
  };
  return (
    <PageFrame title="Set up" about="With a code that the server printed at its start, or that an owner gave you.">
      <form onSubmit={submit}>
        <Stack gap="md">
          <TextInput
            label="Code"
            description="It begins with sps_, and works once."
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            autoComplete="off"
            spellCheck={false}
            required
            data-autofocus
          />
          <Button type="submit">Go on</Button>
          <Text size="sm" c="dimmed">
            You have a passkey already?{' '}
            <Anchor component={Link} to="/sign-in">
              Sign in
            </Anchor>
            .
          </Text>
        </Stack>
      </form>
    </PageFrame>
  );
}

type RegisterProps = {
  readonly code: string;
  readonly onMade: (made: Of<'Registered'>) => void;
  readonly onOther: () => void;
};

/** Whose code it is, then the passkey. */
function Register({ code, onMade, onOther }: RegisterProps) {
  const [person, setPerson] = useState<string>();
  const [isNew, setNew] = useState(false);
  const [name, setName] = useState('');
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    optionsFor(code).then(
      (options) => setPerson(nameIn(options)),
      (thrown: unknown) => {
        if (thrown instanceof ApiError && thrown.code === NAME_NEEDED) setNew(true);
        else setError(thrown);
      },
    );
  }, [code]);
  const register = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const answer = await makePasskey(await optionsFor(code, isNew ? name.trim() : undefined));
      const body = { code, passkeyName: deviceName(), answer };
      onMade(await told(api.POST('/api/v1/sign-in/registration', { body })));
    } catch (thrown) {
      setError(thrown);
    } finally {
      setBusy(false);
    }
  };
  const isKnown = isNew || person !== undefined;
  return (
    <PageFrame
      title={person === undefined ? 'Set up' : `Hello, ${person}`}
      about={isNew ? 'This code makes the one who administers this server.' : undefined}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void register();
        }}
      >
        <Stack gap="md">
          {!isKnown && error === undefined ? <RowsSkeleton rows={2} /> : null}
          {isNew ? (
            <TextInput
              label="Your name"
              description="Letters, digits and dashes. It stands beside everything that you do, and is never given to somebody else."
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              autoComplete="username"
              maxLength={39}
              required
            />
          ) : null}
          {isKnown ? (
            <Text>
              You sign in with a passkey: your device, phone or security key, unlocked by your finger, face or PIN.
              There is no password that anybody could steal.
            </Text>
          ) : null}
          <Problem error={error} />
          {isKnown ? (
            <Button type="submit" loading={isBusy}>
              Make a passkey
            </Button>
          ) : null}
          {error === undefined ? null : (
            <Button variant="default" onClick={onOther}>
              Use another code
            </Button>
          )}
        </Stack>
      </form>
    </PageFrame>
  );
}

export function Problem({ error }: { readonly error: unknown }) {
  if (error === undefined || error === null) return null;
  if (!(error instanceof PasskeyError)) return <ErrorState error={error} />;
  return (
    <Alert color="red" variant="light" title="No passkey" role="alert">
      {error.message}
    </Alert>
  );
}

const optionsFor = (code: string, name?: string) =>
  told(api.POST('/api/v1/sign-in/registration/options', { body: { code, ...(name === undefined ? {} : { name }) } }));

function nameIn(options: { readonly [name: string]: unknown }): string | undefined {
  const { user } = options;
  const name = typeof user === 'object' && user !== null && 'name' in user ? user.name : undefined;
  return typeof name === 'string' ? name : undefined;
}
