package cases;


class Case {
  void run(javax.servlet.http.HttpServletResponse response) throws Exception {
    javax.xml.stream.XMLInputFactory factory = javax.xml.stream.XMLInputFactory.newInstance();
    factory.createXMLStreamReader(System.in);
  }
}
