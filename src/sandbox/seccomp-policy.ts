/**
 * The system call policy, by name. What is in none of these lists answers ENOSYS, so that a program takes the older
 * way: a call that a future kernel adds is closed until someone opens it here.
 *
 * The base is what container engines allow by default, less what a CI job does not need: kernel keyrings, tracing of
 * the kernel, io_uring, new mount interfaces, namespaces, foreign architectures, and all but ordinary sockets.
 */
export const ALLOWED: readonly string[] = words(`
  accept accept4 access alarm arch_prctl bind brk cachestat capget capset chdir chmod chown
  clock_getres clock_gettime clock_nanosleep close close_range connect copy_file_range creat
  dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait
  eventfd eventfd2 execve execveat exit exit_group
  faccessat faccessat2 fadvise64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl
  fdatasync fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat fstatfs fsync ftruncate
  futex futex_requeue futex_wait futex_waitv futex_wake futimesat
  get_robust_list getcpu getcwd getdents getdents64 getegid geteuid getgid getgroups getitimer getpeername getpgid
  getpgrp getpid getppid getpriority getrandom getresgid getresuid getrlimit getrusage getsid getsockname getsockopt
  gettid gettimeofday getuid getxattr getxattrat
  inotify_add_watch inotify_init inotify_init1 inotify_rm_watch
  io_cancel io_destroy io_getevents io_pgetevents io_setup io_submit ioprio_get ioprio_set
  kill landlock_add_rule landlock_create_ruleset landlock_restrict_self
  lchown lgetxattr link linkat listen listxattr listxattrat llistxattr lremovexattr lseek lsetxattr lstat
  madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mkdir mkdirat mknod mknodat
  mlock mlock2 mlockall mmap mprotect
  mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink mremap mseal msgctl msgget msgrcv msgsnd
  msync munlock munlockall munmap
  nanosleep newfstatat open openat openat2
  pause pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc pkey_free pkey_mprotect poll ppoll prctl pread64 preadv
  preadv2 prlimit64 process_madvise process_mrelease process_vm_readv pselect6 ptrace pwrite64 pwritev pwritev2
  read readahead readlink readlinkat readv recvfrom recvmmsg recvmsg remap_file_pages removexattr removexattrat
  rename renameat renameat2 restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo
  rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo
  sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler
  sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield
  seccomp select semctl semget semop semtimedop sendfile sendmmsg sendmsg sendto
  set_robust_list set_tid_address setfsgid setfsuid setgid setgroups setitimer setpgid setpriority setregid
  setresgid setresuid setreuid setrlimit setsid setsockopt setuid setxattr setxattrat
  shmat shmctl shmdt shmget shutdown sigaltstack signalfd signalfd4 splice stat statfs statx
  symlink symlinkat sync sync_file_range syncfs sysinfo
  tee tgkill time timer_create timer_delete timer_getoverrun timer_gettime timer_settime
  timerfd_create timerfd_gettime timerfd_settime times tkill truncate
  umask uname unlink unlinkat utime utimensat utimes
  vfork wait4 waitid write writev
`);

/** Answered with EPERM: programs know what that means, and do not try another way. */
export const REFUSED: readonly string[] = words(`
  acct add_key adjtimex bpf chroot clock_adjtime clock_settime delete_module fanotify_init finit_module
  fsconfig fsmount fsopen fspick init_module ioperm iopl kcmp kexec_file_load kexec_load keyctl listmount
  lookup_dcookie migrate_pages mount mount_setattr move_mount move_pages name_to_handle_at nfsservctl
  open_by_handle_at open_tree open_tree_attr perf_event_open pidfd_getfd pivot_root process_vm_writev quotactl
  quotactl_fd reboot request_key setdomainname sethostname setns settimeofday statmount swapoff swapon syslog
  umount2 unshare userfaultfd vhangup vmsplice
`);

/** Opened by `allowUserNamespaces`: what a browser's own sandbox or a nested bwrap needs. */
export const FOR_USER_NAMESPACES: readonly string[] = words(
  'chroot mount pivot_root setdomainname sethostname setns umount2 unshare',
);

/** `clone` flags that make namespaces: NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET, NEWTIME. */
export const CLONE_NAMESPACES = 0x7e02_0080;

/** Address families: ordinary ones, and netlink only for routes (`getifaddrs`). Not vsock: it leads to the hypervisor. */
export const FAMILY = { unix: 1, inet: 2, inet6: 10, netlink: 16 } as const;
export const SOCKET_TYPE = { stream: 1, datagram: 2, raw: 3 } as const;
export const SOCKET_TYPE_MASK = 0xf;
export const PROTOCOL = { any: 0, icmp: 1, tcp: 6, udp: 17, icmp6: 58 } as const;

/**
 * Terminal requests that reach beyond the terminal: typing into it (TIOCSTI), console selection (TIOCLINUX), loading a
 * line discipline (TIOCSETD). The kernel looks at the low 32 bits only, and so does the filter.
 */
export const REFUSED_IOCTLS = [0x5412, 0x541c, 0x5423] as const;

/** `personality`: linux, linux32, with and without short inode numbers, no address randomisation (debuggers), query. */
export const PERSONALITIES = [0, 8, 0x2_0000, 0x2_0008, 0x4_0000, 0xffff_ffff] as const;

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}
