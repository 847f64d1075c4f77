import { Button, Group, Select, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { api, type ApiError, type Of, told } from '../shell/api.ts';
import { Commands } from '../shell/copy.tsx';
import { ErrorState } from '../shell/error-state.tsx';
import { useRepository, useRepositoryPath } from '../shell/repository-frame.tsx';
import { shellQuoted } from './shell-quoted.ts';

const DAY_MS = 86_400_000;
const DAYS_DEFAULT = 90;
const SPANS = [
  { days: 7, label: 'a week' },
  { days: 30, label: 'a month' },
  { days: DAYS_DEFAULT, label: 'three months' },
  { days: 365, label: 'a year' },
] as const;
const REASON_MIN = 10;

type Proposal = Of<'SuppressionProposal'>;
const dayIn = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10);

/** Asks for reason and end, and gives the change to commit: a decision that is reviewed as code is. */
export function Suppress({ finding }: { readonly finding: Of<'Finding'> }) {
  const path = useRepositoryPath();
  const [isOpen, setOpen] = useState(false);
  const [reason, setReason] = useState('');
  const [expires, setExpires] = useState(() => dayIn(DAYS_DEFAULT));
  const proposing = useMutation<Proposal, ApiError>({
    mutationFn: () =>
      told(
        api.POST('/api/v1/repositories/{owner}/{name}/findings/{finding}/suppression', {
          params: { path: { ...path, finding: finding.id } },
          body: { reason, expires },
        }),
      ),
  });
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    proposing.mutate();
  };
  if (!isOpen) {
    return (
      <Group>
        <Button variant="default" size="xs" onClick={() => setOpen(true)}>
          It may stand: suppress it
        </Button>
      </Group>
    );
  }
  return (
    <Stack gap="sm" component="section" className="sp-panel" p="md">
      <Title order={2}>Suppress until a day</Title>
      <Text size="sm" c="dimmed">
        You get the change to commit. It counts once it is on the default branch, after whoever reviews changes there
        has read your reason; no change is judged by a suppression that it brings itself.
      </Text>
      <form onSubmit={onSubmit}>
        <Stack gap="sm" maw={560}>
          <TextInput
            label="Why may it stand?"
            description="One sentence that a reviewer can check"
            required
            minLength={REASON_MIN}
            maxLength={500}
            value={reason}
            onChange={({ currentTarget }) => setReason(currentTarget.value)}
          />
          <Select
            label="Until"
            w={240}
            value={expires}
            allowDeselect={false}
            onChange={(value) => setExpires(value ?? dayIn(DAYS_DEFAULT))}
            data={SPANS.map(({ days, label }) => ({ value: dayIn(days), label: `${dayIn(days)} (${label})` }))}
          />
          {proposing.error === null ? null : <ErrorState error={proposing.error} />}
          <Group>
            <Button type="submit" size="xs" loading={proposing.isPending}>
              Show the change
            </Button>
            <Button variant="default" size="xs" onClick={() => setOpen(false)}>
              Cancel
            </Button>
          </Group>
        </Stack>
      </form>
      {proposing.data === undefined ? null : <ProposedChange proposal={proposing.data} />}
    </Stack>
  );
}

function ProposedChange({ proposal }: { readonly proposal: Proposal }) {
  const { defaultBranch } = useRepository();
  const { path, entry, branch, message } = proposal;
  const commands = [
    `git switch -c ${branch} origin/${defaultBranch}`,
    `mkdir -p .sallyport && cat >> ${path} <<'END'`,
    `${entry}END`,
    `git add ${path} && git commit -m ${shellQuoted(message)}`,
    `git push -u origin ${branch}`,
  ].join('\n');
  return (
    <Stack gap="xs" role="status">
      <Text size="sm">In your clone, then propose the branch as any other change. The whole file as it will be:</Text>
      <Commands text={commands} label="commands" />
      <Commands text={proposal.content} label="file" />
    </Stack>
  );
}
