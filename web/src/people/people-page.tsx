import { Button, Group, Select, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { api, type Of, told, usePages } from '../shell/api.ts';
import { ErrorState } from '../shell/error-state.tsx';
import { useMe } from '../shell/me.ts';
import { PageFrame } from '../shell/page.tsx';
import { RowsSkeleton } from '../shell/skeletons.tsx';
import { Time } from '../shell/time.tsx';
import { type Invitation, InviteDialog } from './invite-dialog.tsx';
import { RequestSection } from './request-section.tsx';
import { OneTimeSecret } from './secret.tsx';
import { StaleSection } from './stale-section.tsx';
import { useAct } from './use-act.ts';

type Role = Of<'Member'>['role'];
export const ROLES: readonly Role[] = ['owner', 'security', 'auditor', 'member', 'outside'];

export function Page() {
  const me = useMe().data;
  const isOwner = me?.role === 'owner';
  const members = usePages('/api/v1/members', { params: { query: { limit: 100 } } });
  const [isOpen, setOpen] = useState(false);
  const [invited, setInvited] = useState<Invitation>();
  return (
    <PageFrame
      title="People"
      about="Who may sign in here, and as what."
      actions={isOwner ? <Button onClick={() => setOpen(true)}>Invite somebody</Button> : undefined}
    >
      {invited === undefined ? null : (
        <OneTimeSecret
          title={`The link for ${invited.name}`}
          text={`${globalThis.location.origin}/setup#${invited.code}`}
          onClose={() => setInvited(undefined)}
        >
          Hand it over by a way that only they read. It works once, until <Time at={invited.expiresAt} />.
        </OneTimeSecret>
      )}
      {isOwner ? <RequestSection /> : null}
      {members.error !== null ? <ErrorState error={members.error} onRetry={() => void members.refetch()} /> : null}
      {members.isPending ? <RowsSkeleton /> : null}
      <section aria-labelledby="members">
        <Title order={2} id="members" mb="sm">
          Members
        </Title>
        <div className="sp-panel sp-rows">
          {members.data?.pages
            .flatMap((page) => page.items)
            .map((member) => (
              <MemberRow
                key={member.id}
                member={member}
                isOwner={isOwner}
                isSelf={member.id === me?.id}
                onCode={setInvited}
              />
            ))}
        </div>
      </section>
      {members.hasNextPage ? (
        <Button variant="default" onClick={() => void members.fetchNextPage()}>
          Show more
        </Button>
      ) : null}
      {isOwner || me?.role === 'security' ? <StaleSection /> : null}
      {isOpen ? (
        <InviteDialog
          onClose={() => setOpen(false)}
          onInvited={(invitation) => {
            setOpen(false);
            setInvited(invitation);
          }}
        />
      ) : null}
    </PageFrame>
  );
}

type RowProps = {
  readonly member: Of<'Member'>;
  readonly isOwner: boolean;
  readonly isSelf: boolean;
  readonly onCode: (invitation: Invitation) => void;
};

function MemberRow({ member, isOwner, isSelf, onCode }: RowProps) {
  const { name, role, createdAt, expiresAt } = member;
  const path = { params: { path: { user: name } } };
  const [isAsking, setAsking] = useState(false);
  const setRole = useAct((wanted: Role) =>
    told(api.PATCH('/api/v1/members/{user}', { ...path, body: { role: wanted } })),
  );
  const remove = useAct(() => told(api.DELETE('/api/v1/members/{user}', path)));
  const code = useAct(
    () => told(api.POST('/api/v1/members/{user}/code', path)),
    (made) => onCode({ name, ...made }),
  );
  return (
    <Group className="sp-row" justify="space-between">
      <div>
        <Text fw={600}>{isSelf ? `${name} (you)` : name}</Text>
        <Text size="sm" c="dimmed">
          {isOwner ? '' : `${role}, `}since <Time at={createdAt} />
          {expiresAt === undefined ? (
            ''
          ) : (
            <>
              , until <Time at={expiresAt} />
            </>
          )}
        </Text>
      </div>
      {isOwner ? (
        <Group gap="xs">
          <Select
            size="xs"
            w={120}
            aria-label={`Role of ${name}`}
            data={ROLES.map(String)}
            value={role}
            allowDeselect={false}
            disabled={setRole.isPending}
            onChange={(value) => {
              const wanted = ROLES.find((one) => one === value);
              if (wanted !== undefined && wanted !== role) setRole.mutate(wanted);
            }}
          />
          <Button
            size="xs"
            variant="default"
            aria-label={`New sign-in link for ${name}`}
            loading={code.isPending}
            onClick={() => code.mutate(undefined)}
          >
            Sign-in link
          </Button>
          <Button
            size="xs"
            variant={isAsking ? 'filled' : 'default'}
            {...(isAsking ? { color: 'red' } : {})}
            aria-label={isAsking ? `Yes, remove ${name}` : `Remove ${name}`}
            loading={remove.isPending}
            onBlur={() => setAsking(false)}
            onClick={() => (isAsking ? remove.mutate(undefined) : setAsking(true))}
          >
            {isAsking ? 'Yes, remove' : 'Remove'}
          </Button>
        </Group>
      ) : null}
    </Group>
  );
}
