import { Button, Checkbox, NumberInput, Select, Stack, Text, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useNavigate, useSearchParams } from 'react-router';
import { api, type Of, told, useRead } from '../shell/api.ts';
import { Answer } from '../shell/answer.tsx';
import { EmptyState } from '../shell/empty-state.tsx';
import { ErrorState } from '../shell/error-state.tsx';
import { PageFrame } from '../shell/page.tsx';
import { useRepository } from '../shell/repository-frame.tsx';
import { visibleText } from './ansi.ts';
import { runPath, runsPath } from './paths.ts';
import classes from './run.module.css';

type Workflow = Of<'Workflow'>;
type Input = NonNullable<Workflow['inputs']>[number];

/** Starts a workflow by hand, with the inputs that it asks for. */
export function Page() {
  const { owner, name, defaultBranch } = useRepository();
  const [query, setQuery] = useSearchParams();
  const ref = query.get('ref') ?? defaultBranch;
  const found = useRead('/api/v1/repositories/{owner}/{name}/workflows', {
    params: { path: { owner, name }, query: ref === defaultBranch ? {} : { ref } },
  });
  return (
    <PageFrame title="Start a run" about="A workflow that has workflow_dispatch can be started by hand.">
      <RefField
        key={ref}
        value={ref}
        onChange={(value) => setQuery(value === defaultBranch ? {} : { ref: value }, { replace: true })}
      />
      <Answer of={found} rows={4}>
        {({ workflows }) => <Workflows workflows={workflows} gitRef={ref} />}
      </Answer>
    </PageFrame>
  );
}

function RefField({ value, onChange }: { readonly value: string; readonly onChange: (ref: string) => void }) {
  return (
    <TextInput
      label="Branch or tag"
      description="The workflow file is read from there, and runs there."
      defaultValue={value}
      maxLength={200}
      maw={420}
      onBlur={({ currentTarget }) => {
        const wanted = currentTarget.value.trim();
        if (wanted !== '' && wanted !== value) onChange(wanted);
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter') event.currentTarget.blur();
      }}
    />
  );
}

function Workflows({ workflows, gitRef }: { readonly workflows: readonly Workflow[]; readonly gitRef: string }) {
  const [query] = useSearchParams();
  const fit = workflows.filter(({ inputs }) => inputs !== undefined);
  const [path, setPath] = useState(query.get('workflow') ?? fit[0]?.path ?? null);
  const chosen = fit.find((one) => one.path === path) ?? fit[0];
  if (chosen === undefined) {
    return (
      <EmptyState title="None can be started by hand">
        No workflow on <bdi className="sp-mono">{visibleText(gitRef)}</bdi> has <code>on: workflow_dispatch</code>. Add
        it to a file in <code>.github/workflows</code>, with the inputs that should be asked for here.
        <Unreadable workflows={workflows} />
      </EmptyState>
    );
  }
  return (
    <Stack gap="md">
      <Select
        label="Workflow"
        maw={420}
        data={fit.map((one) => ({ value: one.path, label: visibleText(one.name) }))}
        value={chosen.path}
        allowDeselect={false}
        onChange={setPath}
      />
      <DispatchForm key={`${gitRef} ${chosen.path}`} workflow={chosen} gitRef={gitRef} />
      <Unreadable workflows={workflows} />
    </Stack>
  );
}

function Unreadable({ workflows }: { readonly workflows: readonly Workflow[] }) {
  const broken = workflows.filter(({ problems }) => problems.length > 0);
  if (broken.length === 0) return null;
  return (
    <Text c="dimmed" size="sm" component="div">
      Not readable: {broken.map(({ path }) => visibleText(path)).join(', ')}. Push it to see why.
    </Text>
  );
}

function DispatchForm({ workflow, gitRef }: { readonly workflow: Workflow; readonly gitRef: string }) {
  const { owner, name } = useRepository();
  const navigate = useNavigate();
  const inputs = workflow.inputs ?? [];
  const [values, setValues] = useState<{ readonly [name: string]: string }>(() => startValues(inputs));
  const start = useMutation({
    mutationFn: () =>
      told(
        api.POST('/api/v1/repositories/{owner}/{name}/dispatches', {
          params: { path: { owner, name } },
          body: { workflow: workflow.path, ref: gitRef, inputs: sentValues(inputs, values) },
        }),
      ),
    onSuccess: async ({ runIds: [run] }) => {
      await navigate(run === undefined ? runsPath({ owner, name }) : runPath({ owner, name }, run));
    },
  });
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    start.mutate();
  };
  return (
    <form onSubmit={onSubmit} aria-label="Inputs">
      <Stack gap="md" maw={560}>
        {inputs.length === 0 ? <Text c="dimmed">It asks for nothing.</Text> : null}
        {inputs.map((input) => (
          <InputField
            key={input.name}
            input={input}
            value={values[input.name] ?? ''}
            onChange={(value) => setValues({ ...values, [input.name]: value })}
          />
        ))}
        {start.error === null ? null : <ErrorState error={start.error} />}
        <Button type="submit" loading={start.isPending} className={classes['start'] ?? ''}>
          Start
        </Button>
      </Stack>
    </form>
  );
}

function InputField({
  input,
  value,
  onChange,
}: {
  readonly input: Input;
  readonly value: string;
  readonly onChange: (value: string) => void;
}) {
  const { name, type, description, required, options } = input;
  const common = {
    label: <bdi>{visibleText(name)}</bdi>,
    ...(description === undefined ? {} : { description: visibleText(description) }),
  };
  if (type === 'boolean') {
    return (
      <Checkbox
        {...common}
        checked={value === 'true'}
        onChange={({ currentTarget }) => onChange(String(currentTarget.checked))}
      />
    );
  }
  if (type === 'choice') {
    // A list of ours: two equal options would not be one.
    const data = [...new Set(options ?? [])].map((option) => ({ value: option, label: visibleText(option) }));
    return (
      <Select
        {...common}
        required={required}
        data={data}
        value={value === '' ? null : value}
        clearable={!required}
        allowDeselect={!required}
        onChange={(chosen) => onChange(chosen ?? '')}
      />
    );
  }
  if (type === 'number') {
    return (
      <NumberInput {...common} required={required} value={value} onChange={(number) => onChange(String(number))} />
    );
  }
  return (
    <TextInput
      {...common}
      required={required}
      value={value}
      maxLength={65_535}
      {...(type === 'environment' ? { placeholder: 'Name of an environment' } : {})}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    />
  );
}

function startValues(inputs: readonly Input[]): { readonly [name: string]: string } {
  return Object.fromEntries(
    inputs.map(({ name, type, default: value, required, options }) => {
      if (value !== undefined) return [name, value];
      if (type === 'boolean') return [name, 'false'];
      // As everywhere: a choice that must be made begins with the first.
      return [name, type === 'choice' && required ? (options?.[0] ?? '') : ''];
    }),
  );
}

/** What is empty and not asked for is left to the workflow's own default. */
function sentValues(
  inputs: readonly Input[],
  values: { readonly [name: string]: string },
): { readonly [name: string]: string } {
  return Object.fromEntries(
    inputs.flatMap(({ name, required, default: fallback }) => {
      const value = values[name] ?? '';
      return value === '' && !required && (fallback === undefined || fallback === '') ? [] : [[name, value]];
    }),
  );
}
