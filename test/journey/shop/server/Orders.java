package shop;

import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

public class Orders extends HttpServlet {
  private Connection connection;

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
    String name = request.getParameter("name");
    try (Statement statement = connection.createStatement()) {
      ResultSet rows = statement.executeQuery("SELECT * FROM orders WHERE name = '" + name + "'"); // PLANT[CWE-89]
      response.setStatus(rows.next() ? 200 : 404);
    } catch (SQLException thrown) {
      response.setStatus(500);
    }
  }
}
