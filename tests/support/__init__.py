"""Give tests what they share: images, servers, databases, certificates, limits of the system."""
