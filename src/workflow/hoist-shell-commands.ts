/** Commands that take their arguments or their input as code, as the names of variables, or as numbers to compute. */
export const EVALUATORS: ReadonlySet<string> = new Set(
  `. source eval trap alias unalias complete compgen compopt bind fc let emulate zargs sched zle zstyle zmodload vared functions
  autoload bindkey compdef coproc unset enable ulimit umask exit return break continue shift kill wait fg bg jobs disown suspend hash
  history logout shopt setopt unsetopt
  ssh sshpass scp sftp rsync su runuser sg newgrp at batch crontab parallel watch script expect entr screen tmux pssh mosh
  awk gawk mawk nawk sed gsed make gmake bmake ninja just task rake ant
  psql mysql mariadb sqlite3 mongo mongosh sqlplus isql bc dc m4 gdb lldb vim vi nvim ex ed emacs nano gnuplot octave
  R jshell ghci irb pry osascript lftp ftp mail mailx mutt telnet nix nix-shell nix-build ansible ansible-playbook
  systemd-run pdsh chpst runcon npx pnpx bunx dlx
  cmd cmd.exe powershell pwsh powershell.exe`.split(/\s+/),
);

/** Programs that run a script: from a file, from an option, or from their input. */
export const INTERPRETERS: ReadonlySet<string> = new Set(
  `bash sh dash zsh ksh mksh ash fish csh tcsh rbash rksh python python2 python3 pypy pypy3 node nodejs deno bun tsx ts-node
  perl ruby php lua luajit tclsh wish Rscript julia groovy scala clojure elixir erl escript racket guile swift`.split(
    /\s+/,
  ),
);

/** Options of interpreters after which the script file still follows. Any other option is taken as code. */
export const INTERPRETER_OPTIONS =
  /^(?:-[euxvlnuBEIsSOqw]{1,6}|--(?:noprofile|norc|posix|login|no-warnings|enable-source-maps|experimental-strip-types|disable-warning=\S*))$/;

/** Commands that start another command, which is among their arguments. */
export const WRAPPERS: ReadonlySet<string> = new Set(
  `sudo doas env nice nohup ionice chrt time timeout stdbuf setsid command builtin exec xargs chroot unshare nsenter flock strace
  ltrace catchsegv unbuffer noglob nocorrect - busybox toybox proot fakeroot xvfb-run dbus-run-session retry uv poetry pipenv
  pdm hatch rye conda mamba micromamba bundle rbenv pyenv nvm fnm mise asdf direnv dotenv op doppler chronic caffeinate taskset numactl
  prlimit setarch linux32 linux64 pkexec gosu su-exec tini dumb-init setpriv capsh firejail bwrap time`.split(/\s+/),
);

/** Commands whose arguments are only printed or compared, so that an argument which looks like an option does no harm. */
export const PRINTERS: ReadonlySet<string> = new Set(['echo', ':', 'true', 'false', '[', 'test', 'printf', 'logger']);

/** Options after which programs take a command or code. */
export const CODE_OPTION =
  /^(?:-c|-e|-E|-x|-TT|--command|--commands|--eval|--exec|--run|--expression|--execute|--cmd|--script|--shell|--rsh|--rsync-path|--use-compress-program|--to-command|--checkpoint-action|--new-volume-script|--info-script|--pager|--editor|--ext-diff|--upload-pack|--receive-pack|--init-command|--pre-command|--post-command|--entrypoint|--hook|--jq|--template|-q|-t|--query)$/;
/** Programs for which the short ones among those mean something harmless. */
export const PLAIN_SHORT_OPTIONS: ReadonlySet<string> = new Set(
  `docker podman nerdctl grep egrep fgrep rg git gh cargo curl wget cp mv ls sort uniq cut tr wc cat head tail npm yarn pnpm go
  pip pip3 apt apt-get date basename dirname mkdir touch rm ln chmod jq mktemp seq tee diff cmp`.split(/\s+/),
);

/** Numbers of shells: assigning to them computes the value. */
export const INTEGER_VARIABLES: ReadonlySet<string> = new Set(
  `RANDOM SRANDOM SECONDS OPTIND LINENO HISTCMD EPOCHSECONDS BASHPID HISTSIZE SAVEHIST COLUMNS LINES MAILCHECK TMOUT SHLVL ERRNO
  TTYIDLE KEYTIMEOUT LISTMAX DIRSTACKSIZE FUNCNEST PERIOD BAUD PPID UID EUID GID EGID USERNAME`.split(/\s+/),
);

/** Subcommands that start what their arguments name. */
export const RUN_SUBCOMMANDS: { readonly [program: string]: RegExp } = {
  npm: /^(?:run|run-script|exec|x|start|test|t|tst|create|init|explore|set-script|config|set)$/,
  yarn: /./,
  pnpm: /^(?:run|exec|x|dlx|start|test|t|create|config|set)$/,
  bun: /./,
  deno: /./,
  git: /^(?:-c|--exec-path|--config-env|config|bisect|filter-branch|difftool|mergetool|submodule|filter-repo|send-email|daemon|upload-pack|receive-pack)$/,
  gh: /^(?:alias|extension|ext|codespace|config)$/,
  docker: /^(?:exec|run|compose)$/,
  podman: /^(?:exec|run|compose)$/,
  nerdctl: /^(?:exec|run|compose)$/,
  kubectl: /^(?:exec|run|debug)$/,
  find: /^-(?:exec|execdir|ok|okdir|fprintf|fprint|fls)$/,
  fd: /^(?:-x|-X|--exec|--exec-batch)$/,
  tar: /^(?:-I|-F|--.*(?:program|command|script|action).*)$/,
  go: /^(?:run|generate|-exec|-toolexec|env)$/,
  cargo: /^(?:run|--config)$/,
  dotnet: /^(?:run|script|fsi)$/,
};
