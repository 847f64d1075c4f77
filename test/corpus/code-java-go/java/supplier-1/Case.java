package cases;

import java.io.IOException;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

public class Case extends HttpServlet {

  @Override
  public void doPost(HttpServletRequest request, HttpServletResponse response) throws Exception {
    String param = "";
    java.util.Enumeration<String> headers = request.getHeaders("name");
    if (headers != null && headers.hasMoreElements()) {
      param = headers.nextElement();
    }
    final String text = param;
    java.util.function.Supplier<String> give = () -> text;
    String bar = give.get() + param;
    javax.xml.xpath.XPath xpath = javax.xml.xpath.XPathFactory.newInstance().newXPath();
    xpath.evaluate("//a[@b='" + bar + "']", document());
  }
}
