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
    java.util.List<String> values = new java.util.ArrayList<String>();
    values.add("safe");
    values.add(param);
    values.add("more");
    values.remove(0);
    String bar = values.get(0);
    javax.naming.directory.DirContext context = directory();
    context.search("ou=x", "(uid=" + bar + ")", new javax.naming.directory.SearchControls());
  }
}
