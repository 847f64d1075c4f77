package cases;


class Case {
  void run(javax.servlet.http.HttpServletResponse response) throws Exception {
    javax.xml.stream.XMLInputFactory factory = javax.xml.stream.XMLInputFactory.newInstance();
    factory.setProperty(javax.xml.stream.XMLInputFactory.SUPPORT_DTD, false);
    factory.createXMLStreamReader(System.in);
  }
}
