import { Alert, Anchor, Button, Divider, Stack, Text, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useNavigate, useSearchParams } from 'react-router';
import { api, told, useRead } from '../shell/api.ts';
import { PageFrame } from '../shell/page.tsx';
import { signWith } from '../shell/passkey.ts';
import { returnPath } from './return-path.ts';
import { Problem } from './setup-page.tsx';

/** Why a sign-in at the provider came to nothing. */
const PROBLEMS: { readonly [code: string]: string } = {
  'identity/external-unknown':
    'Nobody here is linked to that account. Ask an owner to invite you; then link it under Passkeys and sessions.',
  'identity/name-taken':
    'Somebody here has the name of that account already. If it is you, sign in with your passkey and link it.',
  'identity/external-linked': 'That account, or you, are linked already.',
  'identity/external-late': 'It was begun in another browser, or took longer than ten minutes. Try again.',
  'identity/provider-failed': 'The provider did not sign you in. Try again; when it stays, ask the operator.',
};
const UNKNOWN_PROBLEM = 'The sign-in came to nothing. Try again.';

export function Page() {
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const [isRecovery, setRecovery] = useState(false);
  const [query] = useSearchParams();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const methods = useRead('/api/v1/sign-in/methods', {}).data;
  const problem = query.get('problem');
  const to = returnPath(query.get('return'), globalThis.location.origin);
  const attempt = async (signIn: () => Promise<string>) => {
    setBusy(true);
    setError(undefined);
    try {
      const next = await signIn();
      queries.clear();
      void navigate(next, { replace: true });
    } catch (thrown) {
      setError(thrown);
      setBusy(false);
    }
  };
  const withPasskey = async () => {
    const options = await told(api.POST('/api/v1/sign-in/passkey/options', {}));
    await told(api.POST('/api/v1/sign-in/passkey', { body: { answer: await signWith(options) } }));
    return to;
  };
  return (
    <PageFrame title="Sign in">
      <Stack gap="md">
        {problem === null || error !== undefined ? null : (
          <Alert color="red" variant="light" title="Not signed in" role="alert">
            {Object.hasOwn(PROBLEMS, problem) ? PROBLEMS[problem] : UNKNOWN_PROBLEM}
          </Alert>
        )}
        <Problem error={error} />
        {isRecovery ? (
          <RecoveryForm isBusy={isBusy} onBack={() => setRecovery(false)} attempt={attempt} />
        ) : (
          <>
            <Button size="md" loading={isBusy} onClick={() => void attempt(withPasskey)} data-autofocus>
              Sign in with a passkey
            </Button>
            <Text size="sm" c="dimmed">
              Your device, phone or security key asks for your finger, face or PIN.
            </Text>
            {methods?.provider === undefined ? null : (
              <Button
                size="md"
                variant="default"
                component="a"
                href={`/api/v1/sign-in/oidc?return=${encodeURIComponent(to)}`}
              >
                Sign in with {methods.provider.name}
              </Button>
            )}
            <Divider />
            <Anchor component="button" type="button" ta="start" onClick={() => setRecovery(true)}>
              All passkeys lost? Use a recovery code
            </Anchor>
            <Anchor component={Link} to="/setup">
              You have a code that begins with sps_? Set up
            </Anchor>
          </>
        )}
      </Stack>
    </PageFrame>
  );
}

type RecoveryProps = {
  readonly isBusy: boolean;
  readonly onBack: () => void;
  readonly attempt: (signIn: () => Promise<string>) => Promise<void>;
};

function RecoveryForm({ isBusy, onBack, attempt }: RecoveryProps) {
  const [name, setName] = useState('');
  const [code, setCode] = useState('');
  const signIn = async () => {
    await told(api.POST('/api/v1/sign-in/recovery', { body: { name: name.trim(), code: code.trim() } }));
    // The next thing to do there is to add a passkey.
    return '/-/sessions';
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void attempt(signIn);
      }}
    >
      <Stack gap="md">
        <TextInput
          label="Your name"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          autoComplete="username"
          required
        />
        <TextInput
          label="Recovery code"
          description="One of the ten that you kept. It works once."
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
          autoComplete="one-time-code"
          spellCheck={false}
          required
        />
        <Button type="submit" loading={isBusy}>
          Sign in
        </Button>
        <Anchor component="button" type="button" ta="start" onClick={onBack}>
          Back to passkeys
        </Anchor>
        <Text size="sm" c="dimmed">
          No code left? Ask an owner for <code>sallyport member code NAME</code>.
        </Text>
      </Stack>
    </form>
  );
}
