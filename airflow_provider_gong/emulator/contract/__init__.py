"""What Gong's reference says: operations, the shapes of requests and answers, and how requests are checked."""
