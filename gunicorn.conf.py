"""Read by gunicorn wherever it is started in the project's folder."""

# By default a neighbour's header SCRIPT_NAME or PATH_INFO is taken for a proxy's word, and ends in a traceback.
forwarder_headers = ""
