package cases;

import java.io.IOException;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

public class Case extends HttpServlet {

  @Override
  public void doPost(HttpServletRequest request, HttpServletResponse response) throws Exception {
    java.util.Map<String, String[]> given = request.getParameterMap();
    String param = "";
    if (!given.isEmpty()) {
      String[] found = given.get("name");
      if (found != null) param = found[0];
    }
    java.util.HashMap<String, Object> map = new java.util.HashMap<String, Object>();
    map.put("a", "first");
    map.put("b", param);
    String bar = (String) map.get("b");
    bar = (String) map.get("a");
    javax.xml.xpath.XPath xpath = javax.xml.xpath.XPathFactory.newInstance().newXPath();
    xpath.evaluate("//a[@b='" + bar + "']", document());
  }
}
