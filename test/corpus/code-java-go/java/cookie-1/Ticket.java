package acme.tickets;

import java.io.IOException;
import javax.servlet.http.Cookie;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;

public final class Ticket extends HttpServlet {
  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
    Cookie ticket = new Cookie("ticket", request.getParameter("seat"));
    ticket.setSecure(true);
    ticket.setHttpOnly(true);
    ticket.setPath(request.getRequestURI());
    response.addCookie(ticket);
    response.getWriter().println("<p>Your ticket is " + ticket.getValue() + "</p>");
  }
}
