"""HTTP only: parse, authorise, call one thing, choose a status. One file a resource."""
