/** Made from docs/reference/openapi.json by `node scripts/api-types.ts`. */
export type paths = {
  '/api/v1/meta': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** Which server this is */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['Meta'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/sign-in': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    /** Signs in with a code that works once, and gives a token */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { code: string; name?: string; device: string; days?: number } } };
      responses: {
        201: { headers: Headers; content: { 'application/json': components['schemas']['SignedIn'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/user': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** Who asks, and with which token. Needs `self.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['Self'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/sign-in/passkey/options': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    /** What to sign with a passkey to sign in; five minutes, once */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['PasskeyOptions'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/sign-in/passkey': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    /** Signs a browser in with a passkey, by a cookie */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { answer: components['schemas']['PasskeyAnswer'] } } };
      responses: {
        201: { headers: Headers; content: { 'application/json': components['schemas']['SessionStarted'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/sign-in/recovery': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    /** Signs a browser in with a recovery code, once: to add a passkey within ten minutes */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { name: string; code: string } } };
      responses: {
        201: { headers: Headers; content: { 'application/json': components['schemas']['SessionStarted'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/sign-in/registration/options': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    /** For a code of a set-up or an invitation: what to make a passkey with */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { code: string; name?: string } } };
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['PasskeyOptions'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/sign-in/registration': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    /** Uses up a code: a person with a passkey, signed in by a cookie; tells the recovery codes once */
    post: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { code: string; passkeyName: string; answer: components['schemas']['NewPasskeyAnswer'] } } };
      responses: {
        201: { headers: Headers; content: { 'application/json': components['schemas']['Registered'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/sign-in/methods': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** How people sign in here besides passkeys */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['SignInMethods'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/sign-in/oidc': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** Leads a browser to the provider, to sign in */
    get: {
      parameters: {
        query?: { return?: string | undefined };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        302: { headers: Headers; content?: never };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/user/link': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    /** Begins to link the own account at the provider; answers where to go. Needs `passkey.manage`. In a session it needs an approval: the header `Sallyport-Approval`. */
    post: {
      parameters: {
        query?: never;
        header?: { 'idempotency-key'?: string | undefined };
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['LinkBegun'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/sign-in/oidc/callback': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** Where the provider sends a browser back to; leads to a page of the server */
    get: {
      parameters: {
        query?: { code?: string | undefined; state?: string | undefined; iss?: string | undefined; session_state?: string | undefined; scope?: string | undefined; error?: string | undefined; error_description?: string | undefined; error_uri?: string | undefined };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        302: { headers: Headers; content?: never };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/sign-out': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    /** Signs this browser out. Needs `self.read`. */
    post: {
      parameters: {
        query?: never;
        header?: { 'idempotency-key'?: string | undefined };
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Headers; content?: never };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/user/sessions': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** Own sessions in browsers, the last used first. Needs `self.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['SessionPage'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    /** Signs out everywhere: ends all own sessions. Needs `token.manage`. */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['SessionsEnded'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/user/sessions/{session}': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    post?: never;
    /** Signs one of the own browsers out. Needs `token.manage`. */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { session: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Headers; content?: never };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/user/approvals': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    /** What to sign with a passkey to approve one request; five minutes, once. Needs `self.read`. */
    post: {
      parameters: {
        query?: never;
        header?: { 'idempotency-key'?: string | undefined };
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'; path: string; body?: unknown } } };
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['PasskeyOptions'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/user/passkeys': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** Own passkeys, and how many recovery codes are left. Needs `self.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['PasskeyPage'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    /** Adds a passkey. Needs `passkey.manage`. In a session it needs an approval: the header `Sallyport-Approval`. */
    post: {
      parameters: {
        query?: never;
        header?: { 'idempotency-key'?: string | undefined };
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { name: string; answer: components['schemas']['NewPasskeyAnswer'] } } };
      responses: {
        201: { headers: Headers; content: { 'application/json': components['schemas']['Passkey'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/user/passkeys/options': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    /** What to make a further passkey with. Needs `passkey.manage`. */
    post: {
      parameters: {
        query?: never;
        header?: { 'idempotency-key'?: string | undefined };
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['PasskeyOptions'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/user/passkeys/{passkey}': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    post?: never;
    /** Removes a passkey; the last one stays. Needs `passkey.manage`. In a session it needs an approval: the header `Sallyport-Approval`. */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { passkey: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Headers; content?: never };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    options?: never;
    head?: never;
    /** Names a passkey anew. Needs `passkey.manage`. */
    patch: {
      parameters: {
        query?: never;
        header?: never;
        path: { passkey: number };
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { name: string } } };
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['Passkey'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    trace?: never;
  };
  '/api/v1/user/recovery-codes': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    /** New recovery codes in place of those before; told once. Needs `passkey.manage`. In a session it needs an approval: the header `Sallyport-Approval`. */
    post: {
      parameters: {
        query?: never;
        header?: { 'idempotency-key'?: string | undefined };
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        201: { headers: Headers; content: { 'application/json': components['schemas']['RecoveryCodes'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/tokens': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** Own tokens, newest first. Needs `token.manage`. */
    get: {
      parameters: {
        query?: { limit?: number | undefined; cursor?: string | undefined };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['TokenPage'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    /** Makes a token; it is told once. Needs `token.manage`. In a session it needs an approval: the header `Sallyport-Approval`. */
    post: {
      parameters: {
        query?: never;
        header?: { 'idempotency-key'?: string | undefined };
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { name: string; scopes: (string)[]; repositories?: (number)[]; days?: number } } };
      responses: {
        201: { headers: Headers; content: { 'application/json': components['schemas']['MadeToken'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/tokens/{token}': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    post?: never;
    /** Ends a token and all that were made with it. Needs `self.read`. */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { token: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': { revoked: (number)[] } } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/organisation/tokens': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** Everybody's tokens, newest first. Needs `token.review`. */
    get: {
      parameters: {
        query?: { limit?: number | undefined; cursor?: string | undefined };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['TokenPage'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/members': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** The members. Needs `member.read`. */
    get: {
      parameters: {
        query?: { limit?: number | undefined; cursor?: string | undefined };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['MemberPage'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    /** Adds a member, and gives a code with which they sign in. Needs `member.manage`. In a session it needs an approval: the header `Sallyport-Approval`. */
    post: {
      parameters: {
        query?: never;
        header?: { 'idempotency-key'?: string | undefined };
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { name: string; role: 'owner' | 'security' | 'member' | 'auditor' | 'outside'; days?: number } } };
      responses: {
        201: { headers: Headers; content: { 'application/json': components['schemas']['Invited'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/members/{user}/code': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    /** Another code for a member to sign in with; it replaces the one before. Needs `member.manage`. In a session it needs an approval: the header `Sallyport-Approval`. */
    post: {
      parameters: {
        query?: never;
        header?: { 'idempotency-key'?: string | undefined };
        path: { user: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        201: { headers: Headers; content: { 'application/json': components['schemas']['SignInCode'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/members/{user}': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    post?: never;
    /** Removes a member with all tokens, teams and grants. Needs `member.manage`. In a session it needs an approval: the header `Sallyport-Approval`. */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { user: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Headers; content?: never };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    options?: never;
    head?: never;
    /** Changes the role of a member. Needs `member.manage`. In a session it needs an approval: the header `Sallyport-Approval`. */
    patch: {
      parameters: {
        query?: never;
        header?: never;
        path: { user: string };
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { role: 'owner' | 'security' | 'member' | 'auditor' | 'outside'; days?: number } } };
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['RoleChanged'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    trace?: never;
  };
  '/api/v1/teams': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** All teams with their members. Needs `member.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['TeamPage'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    /** Makes a team, perhaps within another one. Needs `member.manage`. */
    post: {
      parameters: {
        query?: never;
        header?: { 'idempotency-key'?: string | undefined };
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { name: string; parentId?: number } } };
      responses: {
        201: { headers: Headers; content: { 'application/json': components['schemas']['Team'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/teams/{team}': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    post?: never;
    /** Removes a team with its grants. Needs `member.manage`. */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { team: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Headers; content?: never };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    options?: never;
    head?: never;
    /** Moves a team into another one, or to the top. Needs `member.manage`. In a session it needs an approval: the header `Sallyport-Approval`. */
    patch: {
      parameters: {
        query?: never;
        header?: never;
        path: { team: number };
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { parentId: number | null } } };
      responses: {
        204: { headers: Headers; content?: never };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    trace?: never;
  };
  '/api/v1/teams/{team}/members/{user}': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    /** Puts a member into a team. Needs `member.manage`. In a session it needs an approval: the header `Sallyport-Approval`. */
    put: {
      parameters: {
        query?: never;
        header?: never;
        path: { team: number; user: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Headers; content?: never };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    post?: never;
    /** Takes a member out of a team. Needs `member.manage`. In a session it needs an approval: the header `Sallyport-Approval`. */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { team: number; user: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Headers; content?: never };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/requests': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** What one person asked for and another one has to confirm; those that wait first. Needs `member.manage`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['TwoPersonRequestPage'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/requests/{request}/confirm': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    /** Confirms what another owner asked for: it is done. In a session, with a passkey. Needs `member.manage`. In a session it needs an approval: the header `Sallyport-Approval`. */
    post: {
      parameters: {
        query?: never;
        header?: { 'idempotency-key'?: string | undefined };
        path: { request: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['TwoPersonRequest'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/requests/{request}/cancel': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    /** Takes back what was asked for. Needs `member.manage`. */
    post: {
      parameters: {
        query?: never;
        header?: { 'idempotency-key'?: string | undefined };
        path: { request: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['TwoPersonRequest'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/approvals/{approval}': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** What somebody approved with a passkey, and the signature that proves it without this server. Needs `audit.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { approval: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['ApprovalEvidence'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/organisation/stale': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** People, tokens and passkeys that nobody used for so many days. Needs `token.review`. */
    get: {
      parameters: {
        query?: { days?: number | undefined };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['Stale'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** The repositories that one may read. Needs `self.read`. */
    get: {
      parameters: {
        query?: { limit?: number | undefined; cursor?: string | undefined };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['RepositoryPage'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    /** Makes an empty repository. Needs `repository.create`. */
    post: {
      parameters: {
        query?: never;
        header?: { 'idempotency-key'?: string | undefined };
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { owner: string; name: string; defaultBranch?: string } } };
      responses: {
        201: { headers: Headers; content: { 'application/json': components['schemas']['Repository'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/import': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    /** Makes a repository of another one; tells how far it is. Needs `repository.create`. */
    post: {
      parameters: {
        query?: never;
        header?: { 'idempotency-key'?: string | undefined };
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { owner: string; name: string; url: string } } };
      responses: {
        200: { headers: Headers; content: { 'text/event-stream': string } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/imports/{owner}/{name}': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    /** Makes a repository of an archive (zip, tar, tar.gz) of one, or of a bundle of git, which is the body. Needs `repository.create`. */
    put: {
      parameters: {
        query?: never;
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody: { content: { 'application/octet-stream': string } };
      responses: {
        201: { headers: Headers; content: { 'application/json': components['schemas']['Repository'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** One repository. Needs `repository.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['Repository'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    /** Asks to delete a repository with all that git has of it: a second owner confirms it; then it can be restored for a week. Needs `repository.administer`. In a session it needs an approval: the header `Sallyport-Approval`. */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        202: { headers: Headers; content: { 'application/json': components['schemas']['DeletionRequested'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    options?: never;
    head?: never;
    /** Renames a repository, archives it, brings it back, or makes another branch its default: one of these at once. Needs `repository.administer`. */
    patch: {
      parameters: {
        query?: never;
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody: { content: { 'application/json': ({ owner?: string; name: string }) | ({ defaultBranch: string }) | ({ state: 'active' | 'archived' }) } };
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['Repository'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    trace?: never;
  };
  '/api/v1/deleted-repositories': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** Deleted repositories that one may bring back. Needs `self.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['DeletedRepositoryPage'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/deleted-repositories/{deleted}/restore': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    /** Brings back a deleted repository, under its name when that is free. Needs `self.read`. */
    post: {
      parameters: {
        query?: never;
        header?: { 'idempotency-key'?: string | undefined };
        path: { deleted: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['Repository'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/deleted-repositories/{deleted}': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    post?: never;
    /** Takes away a deleted repository for good, before its week is over. Needs `self.read`. In a session it needs an approval: the header `Sallyport-Approval`. */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { deleted: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Headers; content?: never };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/refs': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** Branches and tags. Needs `repository.read`. */
    get: {
      parameters: {
        query?: { limit?: number | undefined; cursor?: string | undefined; kind?: 'branches' | 'tags' | undefined };
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['RefPage'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/branches': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** Branches, those with the newest commits first, and how far each is from the default branch. Needs `repository.read`. */
    get: {
      parameters: {
        query?: { limit?: number | undefined; cursor?: string | undefined; query?: string | undefined };
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['BranchPage'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/tags': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** Tags, the newest first. Needs `repository.read`. */
    get: {
      parameters: {
        query?: { limit?: number | undefined; cursor?: string | undefined; query?: string | undefined };
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['TagPage'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/tree': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** What a folder holds at a branch, a tag or a commit. Needs `repository.read`. */
    get: {
      parameters: {
        query?: { revision?: string | undefined; path?: string | undefined };
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['Tree'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/tree/commits': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** The last commit of each entry of a folder, as far as it is quick to tell. Needs `repository.read`. */
    get: {
      parameters: {
        query?: { revision?: string | undefined; path?: string | undefined };
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['TreeCommits'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/blob': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** A file as text, when it is one. Needs `repository.read`. */
    get: {
      parameters: {
        query: { revision?: string | undefined; path: string };
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['Blob'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/raw': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** The bytes of a file. Who wrote them is not known to be harmless: a browser keeps them, and shows plain images only.. Needs `repository.read`. */
    get: {
      parameters: {
        query: { revision?: string | undefined; path: string };
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/octet-stream': string } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/commits': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** Commits that a branch, a tag or a commit reaches; with a path, those that changed it. Needs `repository.read`. */
    get: {
      parameters: {
        query?: { limit?: number | undefined; cursor?: string | undefined; revision?: string | undefined; path?: string | undefined };
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['CommitPage'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/commits/{sha}': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** One commit, and what it changed against its first parent. Needs `repository.read`. */
    get: {
      parameters: {
        query?: { path?: string | undefined };
        header?: never;
        path: { owner: string; name: string; sha: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['CommitView'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/compare': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** What a head has that a base has not, since they parted. Needs `repository.read`. */
    get: {
      parameters: {
        query: { base: string; head: string; path?: string | undefined };
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['Comparison'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/runs': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** Recent runs of all repositories: those that are open, or the newest of each workflow and branch by how it ended. Needs `self.read`. */
    get: {
      parameters: {
        query: { kind: 'open' | 'failed' | 'refused' | 'passed'; mine?: 'true' | undefined; limit?: number | undefined };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['RecentRuns'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/access': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** Who has which role in the repository by name. Needs `access.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['GrantPage'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/access/users/{user}': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    /** Gives a member a role in the repository. Needs `access.manage`. In a session it needs an approval: the header `Sallyport-Approval`. */
    put: {
      parameters: {
        query?: never;
        header?: never;
        path: { owner: string; name: string; user: string };
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { role: 'read' | 'write' | 'maintain' | 'admin' } } };
      responses: {
        204: { headers: Headers; content?: never };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    post?: never;
    /** Takes a member's role in the repository. Needs `access.manage`. */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { owner: string; name: string; user: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Headers; content?: never };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/access/teams/{team}': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    /** Gives a team a role in the repository. Needs `access.manage`. In a session it needs an approval: the header `Sallyport-Approval`. */
    put: {
      parameters: {
        query?: never;
        header?: never;
        path: { owner: string; name: string; team: number };
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { role: 'read' | 'write' | 'maintain' | 'admin' } } };
      responses: {
        204: { headers: Headers; content?: never };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    post?: never;
    /** Takes a team's role in the repository. Needs `access.manage`. */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { owner: string; name: string; team: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Headers; content?: never };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/runs': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** Runs, newest first. Needs `run.read`. */
    get: {
      parameters: {
        query?: { limit?: number | undefined; cursor?: string | undefined; workflow?: string | undefined; branch?: string | undefined; event?: string | undefined; state?: 'waiting' | 'queued' | 'running' | 'finished' | undefined; actor?: string | undefined; commit?: string | undefined };
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['RunPage'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/runs/{run}': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** One run with its jobs. Needs `run.read`. */
    get: {
      parameters: {
        query?: { attempt?: number | undefined };
        header?: never;
        path: { owner: string; name: string; run: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['RunView'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/runs/{run}/events': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** What happens in a run, from the beginning or from Last-Event-ID on. Needs `run.read`. */
    get: {
      parameters: {
        query?: { attempt?: number | undefined };
        header?: never;
        path: { owner: string; name: string; run: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'text/event-stream': string } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/runs/{run}/jobs/{job}/log': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** The log of a job, one event a line, from a byte on. Needs `run.read`. */
    get: {
      parameters: {
        query?: { attempt?: number | undefined; offset?: string | undefined };
        header?: never;
        path: { owner: string; name: string; run: number; job: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/x-ndjson': string } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/runs/{run}/jobs/{job}/log/events': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** The log of a job as it grows, from the beginning or from the byte of Last-Event-ID on. Needs `run.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { owner: string; name: string; run: number; job: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'text/event-stream': string } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/runs/{run}/cancel': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    /** Cancels a run; by force also its steps that always run. Needs `run.cancel`. */
    post: {
      parameters: {
        query?: never;
        header?: { 'idempotency-key'?: string | undefined };
        path: { owner: string; name: string; run: number };
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { force?: boolean } } };
      responses: {
        204: { headers: Headers; content?: never };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/runs/{run}/rerun': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    /** Runs it again as another attempt: all of it, what failed, or one job with what needs it. Needs `run.rerun`. */
    post: {
      parameters: {
        query?: never;
        header?: { 'idempotency-key'?: string | undefined };
        path: { owner: string; name: string; run: number };
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { only?: ('all' | 'failed') | ({ job: number }) } } };
      responses: {
        201: { headers: Headers; content: { 'application/json': { attempt: number } } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/dispatches': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    /** Starts a workflow that has `workflow_dispatch`. Needs `run.dispatch`. */
    post: {
      parameters: {
        query?: never;
        header?: { 'idempotency-key'?: string | undefined };
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { workflow: string; ref?: string; inputs?: { [name: string]: string } } } };
      responses: {
        201: { headers: Headers; content: { 'application/json': { runIds: (number)[] } } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/repository-dispatches': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    /** Starts what has `repository_dispatch` of this type. Needs `run.dispatch`. */
    post: {
      parameters: {
        query?: never;
        header?: { 'idempotency-key'?: string | undefined };
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { type: string; payload?: { [name: string]: unknown } } } };
      responses: {
        201: { headers: Headers; content: { 'application/json': { runIds: (number)[] } } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/runs/{run}/artifacts': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** The artifacts of a run. Needs `run.read`. */
    get: {
      parameters: {
        query?: { attempt?: number | undefined };
        header?: never;
        path: { owner: string; name: string; run: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['ArtifactPage'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/artifacts/{artifact}/archive': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** An artifact as a zip archive. Who wrote it is not known to be harmless.. Needs `run.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { owner: string; name: string; artifact: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/zip': string } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/schedules': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** What the workflows of the default branch run by the clock. Needs `schedule.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['SchedulePage'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/runs/{run}/attempts': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** All attempts of a run, oldest first. Needs `run.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { owner: string; name: string; run: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['AttemptPage'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/runs/{run}/plan': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** What an attempt was planned to do, with the pins of its actions. Without a plan: it was refused before. Needs `run.read`. */
    get: {
      parameters: {
        query?: { attempt?: number | undefined };
        header?: never;
        path: { owner: string; name: string; run: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': { plan?: components['schemas']['Plan'] } } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/runs/{run}/report': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** What the jobs of a run told: steps, annotations, summaries, attempts to reach the network, and causes of its trust level. Needs `run.read`. */
    get: {
      parameters: {
        query?: { attempt?: number | undefined };
        header?: never;
        path: { owner: string; name: string; run: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['RunReport'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/runs/{run}/comparison': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** Times of jobs and steps beside those of the last green run of the same workflow and ref. Needs `run.read`. */
    get: {
      parameters: {
        query?: { attempt?: number | undefined };
        header?: never;
        path: { owner: string; name: string; run: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['RunComparison'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/runs/{run}/jobs/{job}': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** The attempt that a job belongs to, with all of its jobs. Needs `run.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { owner: string; name: string; run: number; job: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['RunView'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/runs/{run}/jobs/{job}/report': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** What a job told, with the parts of its log that belong to steps and groups. Needs `run.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { owner: string; name: string; run: number; job: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['JobReport'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/runs/{run}/jobs/{job}/lines': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** Lines of a log from one on; fewer than asked for when they are long. Needs `run.read`. */
    get: {
      parameters: {
        query?: { from?: number | undefined; count?: number | undefined };
        header?: never;
        path: { owner: string; name: string; run: number; job: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['LogLines'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/runs/{run}/jobs/{job}/search': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** Numbers of the lines of a log that have a text, without regard to case and colours. Needs `run.read`. */
    get: {
      parameters: {
        query: { text: string; from?: number | undefined; limit?: number | undefined };
        header?: never;
        path: { owner: string; name: string; run: number; job: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['LogMatches'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/runs/{run}/jobs/{job}/text': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** The lines that a job printed, each with its time, as a file. Needs `run.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { owner: string; name: string; run: number; job: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'text/plain; charset=utf-8': string } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/workflows': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** The workflows of a branch or tag, with the inputs of those that are started by hand. Needs `run.read`. */
    get: {
      parameters: {
        query?: { ref?: string | undefined };
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['Workflows'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/artifacts': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** Artifacts of all runs of a repository, newest first. Needs `run.read`. */
    get: {
      parameters: {
        query?: { limit?: number | undefined; cursor?: string | undefined; level?: 'untrusted' | 'branch' | 'reviewed' | 'release' | undefined };
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['ArtifactList'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/caches': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** Cache entries of a repository, last used first. Needs `run.read`. */
    get: {
      parameters: {
        query?: { limit?: number | undefined; cursor?: string | undefined; level?: 'untrusted' | 'branch' | 'reviewed' | 'release' | undefined };
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['CachePage'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/caches/{cache}': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    post?: never;
    /** Removes a cache entry: the next job that asks for it makes it anew. Needs `cache.remove`. */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { owner: string; name: string; cache: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Headers; content?: never };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/variables': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** Variables of the organisation. Needs `organisation-variable.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['VariablePage'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/variables/{variable}': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    /** Sets a variable of the organisation. Needs `organisation-variable.manage`. */
    put: {
      parameters: {
        query?: never;
        header?: never;
        path: { variable: string };
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { value: string } } };
      responses: {
        204: { headers: Headers; content?: never };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    post?: never;
    /** Removes a variable of the organisation. Needs `organisation-variable.manage`. */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { variable: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Headers; content?: never };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/variables': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** A repository's own variables. Needs `variable.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['VariablePage'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/variables/{variable}': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    /** Sets a variable of a repository. Needs `variable.manage`. */
    put: {
      parameters: {
        query?: never;
        header?: never;
        path: { owner: string; name: string; variable: string };
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { value: string } } };
      responses: {
        204: { headers: Headers; content?: never };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    post?: never;
    /** Removes a variable of a repository. Needs `variable.manage`. */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { owner: string; name: string; variable: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Headers; content?: never };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/runners': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** The runners. Needs `runner.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['RunnerPage'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/runners/registrations': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    /** A token that registers one runner, within an hour. Needs `runner.manage`. In a session it needs an approval: the header `Sallyport-Approval`. */
    post: {
      parameters: {
        query?: never;
        header?: { 'idempotency-key'?: string | undefined };
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { labels?: (string)[]; ephemeral?: boolean } } };
      responses: {
        201: { headers: Headers; content: { 'application/json': components['schemas']['RunnerRegistration'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/runners/{runner}/drain': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    /** Lets a runner end what it runs, and gives it nothing more. Needs `runner.manage`. */
    post: {
      parameters: {
        query?: never;
        header?: { 'idempotency-key'?: string | undefined };
        path: { runner: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Headers; content?: never };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/runners/{runner}': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    post?: never;
    /** Removes a runner; what it runs is lost. Needs `runner.manage`. */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { runner: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Headers; content?: never };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/audit': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** Entries of the audit log, newest first. Needs `audit.read`. */
    get: {
      parameters: {
        query?: { limit?: number | undefined; cursor?: string | undefined; action?: string | undefined; actor?: string | undefined; resourceType?: string | undefined; resource?: string | undefined };
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['AuditPage'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/audit/checkpoint': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** The newest checkpoint, a signed note (C2SP tlog-checkpoint). Needs `audit.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['AuditCheckpoint'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/audit/{entry}/proof': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** The proof that the newest checkpoint has an entry (C2SP tlog-proof), and the entry as it was hashed, in base64. Needs `audit.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { entry: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['AuditProof'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/findings': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** Findings of a branch, the most urgent first. Needs `finding.read`. */
    get: {
      parameters: {
        query?: { limit?: number | undefined; cursor?: string | undefined; branch?: string | undefined; state?: 'open' | 'suppressed' | 'fixed' | undefined; severity?: 'critical' | 'high' | 'medium' | 'low' | 'info' | undefined; kind?: 'secrets' | 'code' | 'dependencies' | 'workflows' | 'infrastructure' | 'suppressions' | undefined; rule?: string | undefined; tool?: string | undefined; text?: string | undefined };
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['FindingPage'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/findings/summary': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** How a branch stands: clean only when a whole scan found nothing. Needs `finding.read`. */
    get: {
      parameters: {
        query?: { branch?: string | undefined };
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['FindingStand'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/findings/trend': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** How a branch stood on the days on which it was scanned, oldest first. Needs `finding.read`. */
    get: {
      parameters: {
        query?: { branch?: string | undefined };
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['FindingTrend'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/findings/{finding}': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** One finding: where, by which way, why, and how it is fixed. Needs `finding.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { owner: string; name: string; finding: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['Finding'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/findings/{finding}/suppression': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    /** The change to commit that suppresses a finding. Nothing is changed by asking for it. Needs `finding.write`. */
    post: {
      parameters: {
        query?: never;
        header?: { 'idempotency-key'?: string | undefined };
        path: { owner: string; name: string; finding: number };
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { reason: string; expires: string } } };
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['SuppressionProposal'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/scans': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** Scans, newest first. Needs `finding.read`. */
    get: {
      parameters: {
        query?: { limit?: number | undefined; cursor?: string | undefined; branch?: string | undefined };
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['ScanPage'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    /** Scans a branch now; one that is not the default one is compared with it. Needs `finding.write`. */
    post: {
      parameters: {
        query?: never;
        header?: { 'idempotency-key'?: string | undefined };
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { branch?: string } } };
      responses: {
        202: { headers: Headers; content: { 'application/json': components['schemas']['RequestedScan'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/webhooks': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** Who is told of what happens in a repository. Needs `webhook.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['WebhookPage'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    /** Adds a receiver. The secret that its messages are signed with is told now and never again. Needs `webhook.manage`. In a session it needs an approval: the header `Sallyport-Approval`. */
    post: {
      parameters: {
        query?: never;
        header?: { 'idempotency-key'?: string | undefined };
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { kind: 'webhook' | 'chat'; url: string; events: ('run.completed' | 'push' | 'findings.opened' | 'findings.fixed')[] } } };
      responses: {
        201: { headers: Headers; content: { 'application/json': components['schemas']['NewWebhook'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/webhooks/{webhook}': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    post?: never;
    /** Removes a receiver and what waits for it. Needs `webhook.manage`. */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path: { owner: string; name: string; webhook: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Headers; content?: never };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    options?: never;
    head?: never;
    /** Changes a receiver, or turns it on or off. Needs `webhook.manage`. */
    patch: {
      parameters: {
        query?: never;
        header?: never;
        path: { owner: string; name: string; webhook: number };
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { url?: string; events?: ('run.completed' | 'push' | 'findings.opened' | 'findings.fixed')[]; isActive?: boolean } } };
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['Webhook'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/webhooks/{webhook}/secret': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    /** Makes another secret; the one before signs nothing any more. Needs `webhook.manage`. In a session it needs an approval: the header `Sallyport-Approval`. */
    post: {
      parameters: {
        query?: never;
        header?: { 'idempotency-key'?: string | undefined };
        path: { owner: string; name: string; webhook: number };
        cookie?: never;
      };
      requestBody: { content: { 'application/json': Record<string, never> } };
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['WebhookSecret'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/webhooks/{webhook}/ping': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    /** Sends a message that says nothing. Needs `webhook.manage`. */
    post: {
      parameters: {
        query?: never;
        header?: { 'idempotency-key'?: string | undefined };
        path: { owner: string; name: string; webhook: number };
        cookie?: never;
      };
      requestBody: { content: { 'application/json': Record<string, never> } };
      responses: {
        202: { headers: Headers; content: { 'application/json': components['schemas']['QueuedDelivery'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/webhooks/{webhook}/deliveries': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** What was sent to a receiver in the last two weeks, newest first. Needs `webhook.read`. */
    get: {
      parameters: {
        query?: { limit?: number | undefined; cursor?: string | undefined };
        header?: never;
        path: { owner: string; name: string; webhook: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['DeliveryPage'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/webhooks/{webhook}/deliveries/{delivery}': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** One delivery: what was sent, and what was answered. Needs `webhook.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { owner: string; name: string; webhook: number; delivery: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['DeliveryDetail'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/webhooks/{webhook}/deliveries/{delivery}/replay': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    /** Sends the same message once more, under the same id. Needs `webhook.manage`. */
    post: {
      parameters: {
        query?: never;
        header?: { 'idempotency-key'?: string | undefined };
        path: { owner: string; name: string; webhook: number; delivery: number };
        cookie?: never;
      };
      requestBody: { content: { 'application/json': Record<string, never> } };
      responses: {
        202: { headers: Headers; content: { 'application/json': components['schemas']['QueuedDelivery'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/badge': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** Whether everybody may see the badge. Needs `repository.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['BadgeSetting'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    /** Says whether everybody may see the badge. Needs `repository.administer`. */
    put: {
      parameters: {
        query?: never;
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { isPublic: boolean } } };
      responses: {
        204: { headers: Headers; content?: never };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/notifications': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** Where one gets mail, and of what. Needs `self.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['Notifications'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/notifications/rules': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    /** Says what one wants mail of. Needs `contact.manage`. */
    put: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { ownFailures: boolean; watchedFailures: boolean; watchedFindings: boolean } } };
      responses: {
        204: { headers: Headers; content?: never };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/notifications/address': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    /** Names an address; a code goes there, and nothing else until it comes back. Needs `contact.manage`. */
    put: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { address: string } } };
      responses: {
        204: { headers: Headers; content?: never };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    post?: never;
    /** Forgets the address. Needs `contact.manage`. */
    delete: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        204: { headers: Headers; content?: never };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/notifications/address/confirmation': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get?: never;
    put?: never;
    /** Brings the code back. Needs `contact.manage`. */
    post: {
      parameters: {
        query?: never;
        header?: { 'idempotency-key'?: string | undefined };
        path?: never;
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { code: string } } };
      responses: {
        204: { headers: Headers; content?: never };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/watch': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** Whether one watches a repository. Needs `run.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['Watch'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    /** Watches a repository, or does so no more. Needs `run.read`. */
    put: {
      parameters: {
        query?: never;
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody: { content: { 'application/json': { isWatched: boolean } } };
      responses: {
        204: { headers: Headers; content?: never };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/runs.atom': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** The newest runs as Atom; readers of feeds give a token of the scope run.read in the address */
    get: {
      parameters: {
        query?: { token?: string | undefined; branch?: string | undefined; workflow?: string | undefined };
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/atom+xml; charset=utf-8': string } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/repositories/{owner}/{name}/badge.svg': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** How the newest run of a workflow stands; for everybody only when the repository says so */
    get: {
      parameters: {
        query?: { token?: string | undefined; branch?: string | undefined; workflow?: string | undefined };
        header?: never;
        path: { owner: string; name: string };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'image/svg+xml; charset=utf-8': string } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/installation/settings': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** The settings of the server, and where each comes from. Needs `installation.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['Settings'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/installation/doctor': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** What the machine of the server can and cannot isolate, and what of its settings weakens it. Needs `installation.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['Doctor'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/installation/sizes': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** What the server keeps, and how much of it. Needs `installation.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['Sizes'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/audit/keys': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** The public keys of log and witness, as this server has them: compare them with those you wrote down. Needs `audit.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path?: never;
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['AuditKeys'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
  '/api/v1/audit/{entry}': {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    /** One entry of the audit log. Needs `audit.read`. */
    get: {
      parameters: {
        query?: never;
        header?: never;
        path: { entry: number };
        cookie?: never;
      };
      requestBody?: never;
      responses: {
        200: { headers: Headers; content: { 'application/json': components['schemas']['AuditEntryDetail'] } };
        default: { headers: Headers; content: { 'application/problem+json': components['schemas']['Problem'] } };
      };
    };
    put?: never;
    post?: never;
    delete?: never;
    options?: never;
    head?: never;
    patch?: never;
    trace?: never;
  };
};

export type components = {
  schemas: {
    Meta: { product: 'sallyport'; version: string; api: 'v1' };
    Problem: { type: string; title: string; status: number; detail: string; code: string; help: string; request: string };
    SignedIn: { user: components['schemas']['Member']; token: string; info: components['schemas']['Token'] };
    Member: { id: number; name: string; role: 'owner' | 'security' | 'member' | 'auditor' | 'outside'; createdAt: string; expiresAt?: string };
    Token: { id: number; user: { id: number; name: string }; name: string; hint: string; scopes: (string)[]; repositories?: (number)[]; createdAt: string; expiresAt: string; lastUsedAt?: string; revokedAt?: string };
    Self: { id: number; name: string; role: 'owner' | 'security' | 'member' | 'auditor' | 'outside'; source: 'token' | 'session'; token: { id: number; scopes: (string)[]; repositories?: (number)[]; expiresAt: string } };
    PasskeyOptions: { [name: string]: unknown };
    SessionStarted: { user: components['schemas']['Member']; sessionExpiresAt: string };
    PasskeyAnswer: Record<string, unknown>;
    Registered: { user: components['schemas']['Member']; sessionExpiresAt: string; passkey: components['schemas']['Passkey']; recoveryCodes: (string)[] };
    Passkey: { id: number; name: string; synced: boolean; createdAt: string; lastUsedAt?: string };
    NewPasskeyAnswer: Record<string, unknown>;
    SignInMethods: { provider?: { name: string } };
    LinkBegun: { to: string };
    SessionPage: { items: (components['schemas']['Session'])[]; next?: string };
    Session: { id: number; method: 'passkey' | 'recovery' | 'oidc'; agent: string; network: string; createdAt: string; lastUsedAt: string; expiresAt: string; current: boolean };
    SessionsEnded: { ended: (number)[] };
    PasskeyPage: { items: (components['schemas']['Passkey'])[]; recoveryCodesLeft: number };
    RecoveryCodes: { codes: (string)[] };
    TokenPage: { items: (components['schemas']['Token'])[]; next?: string };
    MadeToken: { token: string; info: components['schemas']['Token'] };
    MemberPage: { items: (components['schemas']['Member'])[]; next?: string };
    Invited: { member: components['schemas']['Member']; code: string; expiresAt: string; request?: components['schemas']['TwoPersonRequest'] };
    TwoPersonRequest: { id: number; kind: 'member.owner' | 'repository.delete'; object: { id: number; name: string }; requestedBy: { id: number; name: string }; requestedAt: string; dueAt?: string; expiresAt: string; state: 'open' | 'running' | 'done' | 'failed' | 'cancelled' | 'expired'; decidedBy?: { id: number; name: string }; decidedAt?: string; reason?: string };
    SignInCode: { code: string; expiresAt: string };
    RoleChanged: { member: components['schemas']['Member']; request?: components['schemas']['TwoPersonRequest'] };
    TeamPage: { items: (components['schemas']['Team'])[]; next?: string };
    Team: { id: number; name: string; parentId?: number; members: (number)[] };
    TwoPersonRequestPage: { items: (components['schemas']['TwoPersonRequest'])[]; next?: string };
    ApprovalEvidence: { id: number; user: { id: number; name: string }; subject: string; credentialId: string; publicKey: string; authenticatorData: string; clientDataJSON: string; signature: string; createdAt: string };
    Stale: { days: number; people: ({ id: number; name: string; role: 'owner' | 'security' | 'member' | 'auditor' | 'outside'; lastSeenAt?: string })[]; tokens: ({ id: number; user: { id: number; name: string }; name: string; lastUsedAt?: string; expiresAt: string })[]; passkeys: ({ id: number; user: { id: number; name: string }; name: string; lastUsedAt?: string })[] };
    RepositoryPage: { items: (components['schemas']['Repository'])[]; next?: string };
    Repository: { id: number; owner: string; name: string; defaultBranch: string; state: 'importing' | 'active' | 'archived' | 'stopped' | 'deleted'; reason?: string; cloneUrl: string; createdAt: string };
    DeletionRequested: { request: components['schemas']['TwoPersonRequest'] };
    DeletedRepositoryPage: { items: (components['schemas']['DeletedRepository'])[]; next?: string };
    DeletedRepository: { id: number; owner: string; name: string; deletedAt: string; purgedAt: string };
    RefPage: { items: (components['schemas']['Ref'])[]; next?: string };
    Ref: { ref: string; oid: string; peeled?: string };
    BranchPage: { items: (components['schemas']['Branch'])[]; next?: string };
    Branch: { name: string; commit: components['schemas']['CommitLine']; isDefault: boolean; isProtected: boolean; ahead?: number; behind?: number };
    CommitLine: { oid: string; author: string; date: string; subject: string };
    TagPage: { items: (components['schemas']['Tag'])[]; next?: string };
    Tag: { name: string; oid: string; commit?: components['schemas']['CommitLine'] };
    Tree: { commit: string; path: string; entries: (components['schemas']['TreeEntry'])[] };
    TreeEntry: { name: string; type: 'file' | 'folder' | 'link' | 'submodule'; mode: string; oid: string; bytes?: number };
    TreeCommits: { commit: string; path: string; entries: ({ name: string; last: components['schemas']['CommitLine'] })[] };
    Blob: { commit: string; path: string; oid: string; mode: string; bytes: number; kind: 'text' | 'binary' | 'large' | 'link'; text?: string };
    CommitPage: { items: (components['schemas']['Commit'])[]; next?: string };
    Commit: { oid: string; tree: string; parents: (string)[]; author: { name: string; email: string; date: string }; committer: { name: string; email: string; date: string }; message: string };
    CommitView: { commit: components['schemas']['Commit']; diff: components['schemas']['Diff'] };
    Diff: { files: (components['schemas']['FileDiff'])[]; count: number };
    FileDiff: { path: string; oldPath?: string; status: 'added' | 'modified' | 'deleted' | 'renamed' | 'copied' | 'retyped'; oldMode?: string; newMode?: string; additions?: number; deletions?: number; hunks?: (components['schemas']['Hunk'])[] };
    Hunk: { oldStart: number; newStart: number; section: string; lines: (string)[] };
    Comparison: { base: string; head: string; mergeBase?: string; ahead?: number; behind?: number; commits: (components['schemas']['Commit'])[]; diff: components['schemas']['Diff'] };
    RecentRuns: { items: (components['schemas']['RecentRun'])[] };
    RecentRun: { run: components['schemas']['Run']; repository: { owner: string; name: string } };
    Run: { id: number; number: number; attempt: number; workflow: { path: string; name: string }; name: string; event: string; ref: string; commit: string; level: 'untrusted' | 'branch' | 'reviewed' | 'release'; state: 'waiting' | 'queued' | 'running' | 'finished'; conclusion?: 'success' | 'failure' | 'cancelled' | 'skipped'; actor: { type: string; id: string; name?: string }; createdAt: string; startedAt?: string; finishedAt?: string };
    GrantPage: { items: (components['schemas']['Grant'])[]; next?: string };
    Grant: { to: { type: 'user' | 'team'; id: number; name: string }; role: 'read' | 'write' | 'maintain' | 'admin' };
    RunPage: { items: (components['schemas']['Run'])[]; next?: string };
    RunView: { id: number; number: number; attempt: number; workflow: { path: string; name: string }; name: string; event: string; ref: string; commit: string; level: 'untrusted' | 'branch' | 'reviewed' | 'release'; state: 'waiting' | 'queued' | 'running' | 'finished'; conclusion?: 'success' | 'failure' | 'cancelled' | 'skipped'; actor: { type: string; id: string; name?: string }; createdAt: string; startedAt?: string; finishedAt?: string; jobs: (components['schemas']['Job'])[]; notes: (string)[]; taints: (components['schemas']['Taint'])[]; diagnostics: (components['schemas']['Diagnostic'])[]; lastEvent: number };
    Job: { id: number; key: string; name: string; state: 'waiting' | 'queued' | 'running' | 'finished'; conclusion?: 'success' | 'failure' | 'cancelled' | 'skipped'; reason?: string; level: 'untrusted' | 'branch' | 'reviewed' | 'release'; taints: (components['schemas']['Taint'])[]; needs: (string)[]; runner?: string; definition?: string; queuedAt?: string; startedAt?: string; finishedAt?: string };
    Taint: { level: 'untrusted' | 'branch' | 'reviewed' | 'release'; cause: string; step?: string; source: string };
    Diagnostic: { file: string; line: number; column: number; code: string; message: string; remedy?: string };
    ArtifactPage: { items: (components['schemas']['Artifact'])[]; next?: string };
    Artifact: { id: number; runId: number; name: string; bytes: number; digest: string; level: 'untrusted' | 'branch' | 'reviewed' | 'release'; createdAt: string; expiresAt?: string };
    SchedulePage: { items: (components['schemas']['Schedule'])[]; next?: string };
    Schedule: { workflow: string; cron: string; timezone?: string; nextAt?: string };
    AttemptPage: { items: (components['schemas']['Attempt'])[]; next?: string };
    Attempt: { attempt: number; actor: { type: string; id: string; name: string }; startedAt: string; finishedAt?: string; conclusion?: 'success' | 'failure' | 'cancelled' | 'skipped'; kept: 'nothing' | 'successful' | 'all but one'; only?: string };
    Plan: { digest: string; locked: boolean; level: 'untrusted' | 'branch' | 'reviewed' | 'release'; pins: ({ reference: string; ref: string; commit: string; digest?: string })[]; inputs: ({ name: string; value: string })[]; concurrency?: { group: string; cancelInProgress: boolean }; jobs: (components['schemas']['PlannedJob'])[] };
    PlannedJob: { key: string; kind: 'job' | 'call'; uses?: string; needs: (string)[]; level: 'untrusted' | 'branch' | 'reviewed' | 'release'; permissions: { [name: string]: string }; secrets: (string)[]; runsOn: (string)[]; environment?: string; timeoutMinutes?: number; instances?: number; refusals: (string)[] };
    RunReport: { jobs: (components['schemas']['RunReportJob'])[]; trust: (components['schemas']['TrustEvent'])[]; jobsLeftOut: number };
    RunReportJob: { lines: number; runner?: string; startedAt?: string; finishedAt?: string; steps: (components['schemas']['Step'])[]; annotations: (components['schemas']['Annotation'])[]; summaries: (components['schemas']['StepSummary'])[]; egress: (components['schemas']['EgressAttempts'])[]; leftOut: number; id: number; key: string };
    Step: { id: string; name: string; startedAt: string; finishedAt?: string; outcome?: 'success' | 'failure' | 'cancelled' | 'skipped'; conclusion?: 'success' | 'failure' | 'cancelled' | 'skipped'; exitCode?: number; lines: number };
    Annotation: { level: 'notice' | 'warning' | 'error'; message: string; title?: string; file?: string; line?: number; endLine?: number; column?: number; endColumn?: number; step: string; logLine: number };
    StepSummary: { step: string; markdown: string };
    EgressAttempts: { via: 'dns' | 'transparent' | 'connect' | 'http' | 'socks5' | 'udp' | 'gateway'; host: string; port: number; verdict: 'allowed' | 'denied'; reason?: string; address?: string; step?: string; process?: string; bytesSent?: number; bytesReceived?: number; count: number; firstAt: string; lastAt: string };
    TrustEvent: { level: 'untrusted' | 'branch' | 'reviewed' | 'release'; cause: string; source: string; job?: string; step?: string; at?: string };
    RunComparison: { base?: { id: number; number: number; commit: string; createdAt: string; finishedAt?: string }; jobs: (components['schemas']['ComparedJob'])[] };
    ComparedJob: { durationMs?: number; baseMs?: number; conclusion?: 'success' | 'failure' | 'cancelled' | 'skipped'; baseConclusion?: 'success' | 'failure' | 'cancelled' | 'skipped'; key: string; name: string; steps: ({ durationMs?: number; baseMs?: number; conclusion?: 'success' | 'failure' | 'cancelled' | 'skipped'; baseConclusion?: 'success' | 'failure' | 'cancelled' | 'skipped'; id: string; name: string })[] };
    JobReport: { lines: number; runner?: string; startedAt?: string; finishedAt?: string; steps: (components['schemas']['Step'])[]; annotations: (components['schemas']['Annotation'])[]; summaries: (components['schemas']['StepSummary'])[]; egress: (components['schemas']['EgressAttempts'])[]; leftOut: number; next: number; segments: ({ step: string; from: number; count: number })[]; groups: ({ from: number; to: number; title: string })[] };
    LogLines: { total: number; next: number; lines: ({ number: number; time: string; step: string; text: string; style?: 'group' | 'endgroup' | 'command' | 'notice' | 'warning' | 'error' | 'debug'; cut?: number })[] };
    LogMatches: { total: number; matches: (number)[]; next?: number };
    Workflows: { commit?: string; workflows: (components['schemas']['Workflow'])[]; leftOut: number };
    Workflow: { path: string; name: string; events: (string)[]; inputs?: ({ name: string; type: 'string' | 'boolean' | 'number' | 'choice' | 'environment'; description?: string; required: boolean; default?: string; options?: (string)[] })[]; problems: ({ file: string; line: number; column: number; code: string; message: string; remedy?: string })[] };
    ArtifactList: { items: (components['schemas']['Artifact'])[]; next?: string };
    CachePage: { items: (components['schemas']['Cache'])[]; next?: string };
    Cache: { id: number; key: string; version: string; ref: string; level: 'untrusted' | 'branch' | 'reviewed' | 'release'; bytes: number; digest: string; createdAt: string; usedAt: string };
    VariablePage: { items: (components['schemas']['Variable'])[]; next?: string };
    Variable: { name: string; value: string; updatedAt: string };
    RunnerPage: { items: (components['schemas']['Runner'])[]; next?: string };
    Runner: { id: number; name: string; labels: (string)[]; state: 'idle' | 'busy' | 'draining' | 'lost'; ephemeral: boolean; jobs: (number)[]; lastSeenAt?: string; capability?: { version: 1; platform: { os: string; arch: string; kernel: string; root: boolean }; walls: ({ name: string; state: 'hard' | 'soft' | 'missing'; reason: string; remedy?: string })[]; tools: { [name: string]: string | null } } };
    RunnerRegistration: { token: string; expiresAt: string };
    AuditPage: { items: (components['schemas']['AuditEntry'])[]; next?: string };
    AuditEntry: { id: number; position?: number; body: { [name: string]: unknown }; personal?: { [name: string]: string } };
    AuditCheckpoint: { note: string };
    AuditProof: { leaf: string; proof: string };
    FindingPage: { items: (components['schemas']['FindingSummary'])[]; next?: string };
    FindingSummary: { id: number; fingerprint: string; rule: string; kind: 'secrets' | 'code' | 'dependencies' | 'workflows' | 'infrastructure' | 'suppressions'; severity: 'critical' | 'high' | 'medium' | 'low' | 'info'; confidence: 'high' | 'medium' | 'low'; title: string; message: string; file: string; line: number; tool?: string; state: 'open' | 'suppressed' | 'fixed'; firstSeenAt: string; lastSeenAt: string; fixedAt?: string };
    FindingStand: { verdict: 'unknown' | 'clean' | 'findings' | 'incomplete'; open: { [name: string]: number }; suppressed: number; scan?: components['schemas']['Scan']; pending?: components['schemas']['Scan']; refs: (string)[] };
    Scan: { id: number; ref: string; commit: string; base?: string; cause: 'push' | 'asked' | 'renewed' | 'reported'; state: 'waiting' | 'running' | 'done' | 'failed'; isComplete?: boolean; gaps: ({ code: string; file?: string; line?: number; reason: string; help?: string })[]; notes: (string)[]; files: number; opened: number; fixed: number; error?: string; createdAt: string; startedAt?: string; finishedAt?: string };
    FindingTrend: { items: ({ day: string; open: { [name: string]: number }; suppressed: number; isComplete: boolean })[] };
    Finding: (components['schemas']['FindingSummary']) & ({ ref: string; firstCommit: string; lastCommit: string; fixedCommit?: string; suppressed?: { reason: string; owner: string; expires: string; by: 'comment' | 'file' }; cwe?: number; place: { file: string; line: number; column: number; endLine: number; endColumn: number }; evidence: string; code?: string; priority: string; trace: ({ place: { file: string; line: number; column: number; endLine: number; endColumn: number }; message: string; code?: string })[]; subject?: { purl: string; advisories: (string)[] }; fix: { kind: 'edit' | 'request' | 'none'; title: string; followUp?: string; change?: { line: number; removed: (string)[]; added: (string)[] } }; page: string; lesson?: string });
    SuppressionProposal: { path: string; entry: string; content: string; branch: string; message: string };
    ScanPage: { items: (components['schemas']['Scan'])[]; next?: string };
    RequestedScan: { scan: number };
    WebhookPage: { items: (components['schemas']['Webhook'])[]; next?: string };
    Webhook: { id: number; kind: 'webhook' | 'chat'; url: string; events: ('run.completed' | 'push' | 'findings.opened' | 'findings.fixed')[]; isActive: boolean; pausedReason?: string; createdAt: string };
    NewWebhook: { webhook: components['schemas']['Webhook']; secret?: string };
    WebhookSecret: { secret: string };
    QueuedDelivery: { delivery: number };
    DeliveryPage: { items: (components['schemas']['Delivery'])[]; next?: string };
    Delivery: { id: number; messageId: string; event: string; state: 'waiting' | 'sent' | 'failed'; attempts: number; createdAt: string; nextAt?: string; doneAt?: string; status?: number; error?: string; ms?: number };
    DeliveryDetail: (components['schemas']['Delivery']) & ({ payload: string; answer?: string });
    BadgeSetting: { isPublic: boolean };
    Notifications: { address?: string; pendingAddress?: string; canMail: boolean; ownFailures: boolean; watchedFailures: boolean; watchedFindings: boolean };
    Watch: { isWatched: boolean };
    Settings: { items: ({ name: string; value: string; source: 'default' | 'file' | 'environment' | 'flag'; isWeakening: boolean })[] };
    Doctor: { items: ({ name: string; state: 'hard' | 'soft' | 'missing' | 'weak' | 'ok'; text: string; remedy?: string })[] };
    Sizes: { items: ({ name: string; bytes: number; entries?: number })[] };
    AuditKeys: { log: { name: string; key: string }; witness: { name: string; key: string } };
    AuditEntryDetail: { id: number; position?: number; body: { [name: string]: unknown }; personal?: { [name: string]: string } };
  };
};
