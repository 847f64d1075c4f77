/** Simple names of classes that are known without an import. */
const LANG =
  'Appendable Boolean Byte CharSequence Character Class ClassLoader Double Enum Error Exception Float IllegalArgumentException IllegalStateException Integer Iterable Long Math NullPointerException Number Object Process ProcessBuilder Record Runnable Runtime RuntimeException SecurityException Short StackTraceElement String StringBuffer StringBuilder System Thread ThreadLocal Throwable UnsupportedOperationException Void Override Deprecated SuppressWarnings FunctionalInterface SafeVarargs AutoCloseable Cloneable Comparable InterruptedException NumberFormatException ClassNotFoundException ArithmeticException IndexOutOfBoundsException ArrayIndexOutOfBoundsException ClassCastException Module Package StrictMath';

/** What imports by a star most often mean. Names of other packages may as well be of the file's own package. */
const PACKAGES: { readonly [name: string]: string } = {
  'java.util':
    'List ArrayList LinkedList Map HashMap LinkedHashMap TreeMap Hashtable Set HashSet LinkedHashSet TreeSet Collection Collections Arrays Iterator Enumeration Properties Random UUID Date Calendar Locale Optional Scanner Base64 StringTokenizer Vector Stack Queue Deque ArrayDeque PriorityQueue Objects StringJoiner Formatter Timer TimerTask Comparator EnumMap EnumSet BitSet GregorianCalendar ListIterator NoSuchElementException ResourceBundle WeakHashMap IdentityHashMap UUID SortedMap NavigableMap SortedSet AbstractMap AbstractList Currency TimeZone',
  'java.io':
    'File InputStream OutputStream FileInputStream FileOutputStream FileReader FileWriter Reader Writer BufferedReader BufferedWriter BufferedInputStream BufferedOutputStream InputStreamReader OutputStreamWriter PrintWriter PrintStream IOException FileNotFoundException ObjectInputStream ObjectOutputStream ByteArrayInputStream ByteArrayOutputStream StringReader StringWriter RandomAccessFile Serializable DataInputStream DataOutputStream UnsupportedEncodingException Closeable UncheckedIOException EOFException Externalizable ObjectInput ObjectOutput FilenameFilter FileFilter InvalidClassException ObjectStreamClass Console',
  'java.sql':
    'Connection Statement PreparedStatement CallableStatement ResultSet DriverManager SQLException Date Timestamp Types ResultSetMetaData DatabaseMetaData Driver Time Blob Clob Array',
  'java.net':
    'URL URI URLConnection HttpURLConnection Socket ServerSocket InetAddress URLDecoder URLEncoder MalformedURLException URISyntaxException UnknownHostException InetSocketAddress Proxy DatagramSocket DatagramPacket HttpCookie URLClassLoader',
  'java.nio.file': 'Path Paths Files FileSystem FileSystems StandardOpenOption StandardCopyOption OpenOption',
  'java.nio.charset': 'Charset StandardCharsets',
  'java.security':
    'MessageDigest SecureRandom NoSuchAlgorithmException KeyPairGenerator KeyPair PrivateKey PublicKey Key KeyStore Signature KeyFactory GeneralSecurityException Provider Security KeyStoreException InvalidKeyException AlgorithmParameters Principal AccessController PrivilegedAction',
  'java.security.cert': 'X509Certificate CertificateException Certificate CertificateFactory',
  'javax.net.ssl':
    'SSLContext TrustManager X509TrustManager HostnameVerifier HttpsURLConnection SSLSocketFactory SSLSession KeyManager TrustManagerFactory KeyManagerFactory SSLSocket SSLServerSocketFactory X509ExtendedTrustManager',
  'javax.crypto':
    'Cipher KeyGenerator SecretKey SecretKeyFactory Mac NoSuchPaddingException IllegalBlockSizeException BadPaddingException CipherInputStream CipherOutputStream',
  'javax.crypto.spec':
    'SecretKeySpec IvParameterSpec PBEKeySpec GCMParameterSpec DESKeySpec DESedeKeySpec PBEParameterSpec',
  'javax.naming': 'Context InitialContext NamingException NamingEnumeration Name',
  'javax.naming.directory':
    'DirContext InitialDirContext SearchControls SearchResult Attributes Attribute BasicAttributes',
  'javax.xml.parsers': 'DocumentBuilder DocumentBuilderFactory SAXParser SAXParserFactory ParserConfigurationException',
  'javax.xml.xpath': 'XPath XPathFactory XPathConstants XPathExpression XPathExpressionException',
  'javax.xml.stream': 'XMLInputFactory XMLStreamReader XMLStreamException XMLEventReader XMLOutputFactory',
  'javax.xml.transform': 'Transformer TransformerFactory Source Result TransformerException',
  'javax.servlet':
    'ServletException ServletRequest ServletResponse ServletContext ServletConfig Filter FilterChain FilterConfig RequestDispatcher ServletOutputStream ServletInputStream GenericServlet Servlet',
  'javax.servlet.http':
    'HttpServlet HttpServletRequest HttpServletResponse HttpSession Cookie Part HttpServletRequestWrapper HttpServletResponseWrapper',
  'javax.servlet.annotation': 'WebServlet WebFilter MultipartConfig WebInitParam',
  'javax.persistence':
    'EntityManager EntityManagerFactory Query TypedQuery Entity Id Column Table PersistenceContext GeneratedValue OneToMany ManyToOne',
  'javax.ws.rs':
    'GET POST PUT DELETE PATCH HEAD Path PathParam QueryParam FormParam HeaderParam CookieParam MatrixParam BeanParam Produces Consumes DefaultValue',
  'javax.ws.rs.core': 'Response MediaType Context UriInfo HttpHeaders SecurityContext Cookie NewCookie',
  'javax.script': 'ScriptEngine ScriptEngineManager ScriptException Bindings ScriptContext',
  'org.springframework.web.bind.annotation':
    'RequestMapping GetMapping PostMapping PutMapping DeleteMapping PatchMapping RequestParam PathVariable RequestBody RequestHeader CookieValue ModelAttribute RestController ResponseBody ResponseStatus ExceptionHandler ControllerAdvice CrossOrigin RequestPart SessionAttribute MatrixVariable InitBinder RequestAttribute',
};

const packageOfLang = new Set(LANG.split(' '));
const namesOf = new Map(Object.entries(PACKAGES).map(([name, words]) => [name, new Set(words.split(' '))]));

/** The package that a simple name is of, when that is plain: `java.lang`, or one that is imported by a star. */
export function libraryOf(name: string, stars: readonly string[]): string | undefined {
  const found = stars.find((star) => namesOf.get(star.replace(/^jakarta\./, 'javax.'))?.has(name) === true);
  return found ?? (packageOfLang.has(name) ? 'java.lang' : undefined);
}

/** Whether all that matters of a package is known here. */
export function isListedPackage(name: string): boolean {
  return /^(?:java|javax|jakarta)\./.test(name) || namesOf.has(name);
}
